"""Template filters of budgets."""
