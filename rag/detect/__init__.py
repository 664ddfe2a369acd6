"""Finds identifiers and secrets in a text. Decides nothing about them; importing it loads no engine."""
