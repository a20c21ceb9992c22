"""What a sender says beside the file: where fields stand, and what every row has."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from ingestion.readers.contract import Options, Refused
from ingestion.readers.convert import Texts, usage_batch
from ingestion.readers.fields import known_field


def chosen(options: Options) -> tuple[dict[str, str], dict[str, str]]:
    """Return the map and the set values by field.

    Raises Refused for a field that is not known or is given twice, and for a set value
    that no row could have.
    """
    mapped = {known_field(name): column for name, column in options.map.items()}
    fixed = {known_field(name): value for name, value in options.set.items()}
    both = sorted(mapped.keys() & fixed.keys())
    if both:
        raise Refused(f"{both[0]} is both mapped and set; choose one.")
    _check_fixed(fixed)
    return mapped, fixed


def _check_fixed(fixed: Mapping[str, str]) -> None:
    """Read the set values as a row of their own, which must have nothing wrong."""
    sound = {"started_at": "2000-01-01", "provider": "any", "model": "any"}
    row = {name: pa.array([value]) for name, value in (sound | dict(fixed)).items()}
    batch = usage_batch(Texts(row, pa.array([0]).to_numpy(), lambda _: ""))
    for problem in batch.problems:
        raise Refused(f"The value set for {problem.field} cannot be used: {problem.reason}.")


def value_at(value: Any, path: Iterable[str]) -> Any:
    """Return what stands at a path of names inside objects, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
