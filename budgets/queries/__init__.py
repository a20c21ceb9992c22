"""Queries of budgets: what is read, nothing is changed."""
