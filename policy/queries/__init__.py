"""Queries of policy: what is read, nothing is changed."""
