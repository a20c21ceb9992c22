"""What the gates ask, as arithmetic: criteria, judgements, and what counts as a change."""
