"""Connectors: how each provider is asked, one file a kind. No database, no clock."""
