"""Advisory locks of different matters have different numbers: else they deadlock."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("org", "ingestion", "policy", "budgets", "dashboard", "tokenops")
NUMBER = re.compile(r"^_\w*LOCK = (7_305_\d+)", re.MULTILINE)


def test_no_two_matters_share_the_number_of_a_lock() -> None:
    sources = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]

    numbers = Counter(number for path in sources for number in NUMBER.findall(path.read_text()))

    assert len(numbers) >= 9
    assert [number for number, places in numbers.items() if places > 1] == []
