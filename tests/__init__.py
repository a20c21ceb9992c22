"""The specification, one package per app."""
