"""Sample data too large for the repository, which a checkout may have beside it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def shared_data(name: str) -> Path:
    """Return a file or folder of the sample data; skip the test, and say so, without it."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the sample data is not beside this checkout: {path} is missing")
    return path
