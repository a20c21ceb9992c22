"""The specification of the arithmetic."""
