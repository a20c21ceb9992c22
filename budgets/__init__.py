"""Budgets is what we may: budgets and their ledger, initiatives."""
