"""Tests of org's operations."""
