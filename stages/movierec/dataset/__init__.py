"""From closed days to matrices: aggregates, the window, the split, the quality of the data."""
