"""A file loads whole and once while everything around it is killed: `make bench-faults`.

Each drill hands the same file in twice to real Celery workers, with two beats ringing, and lets
one kind of fault happen again and again while it loads: workers and their processes killed, the
database stopped at once and started anew, every message of the broker lost. At the end every call
must be there once, the other delivery must have found only duplicates, and the sum must be what
the file's own tokens and the listed prices make, to the last pico-dollar.

A drill kills what is no poison, so it allows more attempts than the three that put a file aside.
"""
