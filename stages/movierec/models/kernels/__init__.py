"""Compiled code: what fitting alone needs."""
