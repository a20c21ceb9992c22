"""Pages of budgets: budgets, initiatives, and the decisions on them."""
