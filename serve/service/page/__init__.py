"""The page for people, and what it asks: histories, a random user, the other arms, events."""
