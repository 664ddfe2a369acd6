"""Airlock's core: the way of one question, and everything it stands on."""
