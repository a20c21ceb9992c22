"""Queries that read across floors for one page."""
