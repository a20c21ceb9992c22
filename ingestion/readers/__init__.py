"""Readers: one file per source turns delivered bytes into rows and problems."""
