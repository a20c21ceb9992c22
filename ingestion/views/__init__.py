"""Pages of ingestion: imports and the allocation rules."""
