"""Tests of org's queries."""
