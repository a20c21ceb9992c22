"""Queries of org: what is read, nothing is changed."""
