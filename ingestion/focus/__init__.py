"""FOCUS 1.2: the ledger in the words of the FinOps Open Cost and Usage Specification."""
