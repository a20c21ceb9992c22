"""Ingestion is what we spent: readers, price book, usage, rollups, allocation, invoices."""
