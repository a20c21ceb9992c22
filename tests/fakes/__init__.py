"""Servers that tests talk to instead of the real ones."""
