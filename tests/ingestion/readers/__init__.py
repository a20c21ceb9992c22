"""Tests of the readers, one file each."""
