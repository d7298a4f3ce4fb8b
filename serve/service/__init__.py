"""The HTTP service: one verified model that answers."""
