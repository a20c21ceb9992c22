"""Queries of ingestion: what is read, nothing is changed."""
