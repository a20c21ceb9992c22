"""JSON values that follow one another in one text, such as pages of an API."""

import re
from collections.abc import Callable, Iterator
from typing import Any

_CHARACTER = re.compile(r"\S")


def values_in(text: str, decode: Callable[[str, int], tuple[Any, int]]) -> Iterator[Any]:
    """Yield each value of a text; those of a list at the top one by one.

    `decode` is a JSONDecoder's `raw_decode`. Raises ValueError or RecursionError.
    """
    found = _CHARACTER.search(text)
    while found is not None:
        value, end = decode(text, found.start())
        yield from value if isinstance(value, list) else [value]
        found = _CHARACTER.search(text, end)
