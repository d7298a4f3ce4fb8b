"""What users did with the answers that were served to them."""
