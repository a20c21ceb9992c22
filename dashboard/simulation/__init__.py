"""A company lived through day by day, by the operations and the clock of the product itself."""
