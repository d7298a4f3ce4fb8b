"""What learns from a dataset, and how it answers."""
