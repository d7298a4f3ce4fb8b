"""Kafka → segments and closed days, exactly once, until stopped."""
