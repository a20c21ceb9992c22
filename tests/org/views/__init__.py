"""Tests of org's views."""
