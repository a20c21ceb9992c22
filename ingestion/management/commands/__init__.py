"""One file per command of ingestion."""
