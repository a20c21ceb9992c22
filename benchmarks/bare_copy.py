"""The limit of a load: one COPY of the very rows that were stored, on the same server."""

import time
from pathlib import Path

_BLOCK = 1 << 20


def bare_copy_seconds(
    folder: Path, *, table: str = "ingestion_event", key: str = "utc_day, key, generation"
) -> float:
    """Return the seconds that one COPY of the stored rows takes, primary key included."""
    from django.db import connections  # noqa: PLC0415 -- Django is set up by the caller

    path = folder / "events.copy"
    with connections["owner"].cursor() as cursor:
        with path.open("wb") as file, cursor.copy(f"COPY (TABLE {table}) TO STDOUT") as out:
            for block in out:
                file.write(block)
        cursor.execute(f"CREATE TABLE bare (LIKE {table})")
        cursor.execute(f"ALTER TABLE bare ADD PRIMARY KEY ({key})")
        started = time.perf_counter()
        with path.open("rb") as file, cursor.copy("COPY bare FROM STDIN") as into:
            while block := file.read(_BLOCK):
                into.write(block)
        seconds = time.perf_counter() - started
        cursor.execute("DROP TABLE bare")
    return seconds
