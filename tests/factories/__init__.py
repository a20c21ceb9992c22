"""Factories: rows as tests need them, each valid by itself."""
