"""Benchmarks: how fast, as a ratio against a limit taken in the same run."""
