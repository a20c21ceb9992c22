"""The demo company: a made-up insurer whose year is played through the real operations."""
