"""The gates: one file each says what it asks, how it measures, how it judges, who signs."""
