"""Finops is the arithmetic: pure functions over values, no framework."""
