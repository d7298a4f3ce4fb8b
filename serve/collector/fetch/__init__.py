"""What knows kafka-python's insides: record batches, handed over whole."""
