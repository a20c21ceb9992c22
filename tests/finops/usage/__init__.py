"""Tests of how providers' usage objects are parted."""
