"""Where benchmarks run: a database and a folder of their own, thrown away at the end."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import django


@contextmanager
def own_installation(folder: Path | None = None) -> Iterator[Path]:
    """Set Django up on a fresh migrated database; yield the folder of what is written.

    A folder that is given stays; another one is made and thrown away.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenops.settings")
    django.setup()
    from django.test import override_settings  # noqa: PLC0415 -- Django is ready only now

    from tests.database import test_database  # noqa: PLC0415 -- as above

    with (
        nullcontext(folder) if folder else tempfile.TemporaryDirectory() as place,
        test_database(),
        override_settings(VAR_DIR=Path(place), ALLOWED_HOSTS=["*"]),
    ):
        yield Path(place)
