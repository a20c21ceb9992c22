"""`manage.py policy`."""
