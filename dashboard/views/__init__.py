"""Pages that read across floors."""
