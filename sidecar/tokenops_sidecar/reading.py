"""Reading JSON of others: every member is checked, and a problem names its place. Pure."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Never

# A part of a whole, from nothing to all of it.
_SHARE = re.compile(r"0(\.[0-9]{1,30})?|1(\.0{1,30})?")
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
# RFC 3339, with its zone.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Unacceptable(Exception):
    """A document is not obeyed; the one before it still holds. `code` is for machines."""

    code = "unacceptable"


class Malformed(Unacceptable):
    """The bytes are no JSON object: cut off, or not JSON at all."""

    code = "malformed"


class Invalid(Unacceptable):
    """A member is missing, or is not what it must be; `pointer` is its place (RFC 6901)."""

    code = "invalid"

    def __init__(self, pointer: str, problem: str) -> None:
        super().__init__(f"{pointer or 'The document'} {problem}")
        self.pointer = pointer


class NotObeyed(Invalid):
    """The document asks for a limit that this version cannot keep."""

    code = "not_obeyed"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a JSON document beside its place in it."""

    value: Any
    pointer: str = ""

    def refuse(self, problem: str) -> Never:
        raise Invalid(self.pointer, problem)

    def at(self, name: str) -> "Node":
        """Return a member that must be there."""
        members = self.members()
        if name not in members:
            self.child(name).refuse("is missing.")
        return self.child(name, members[name])

    def maybe(self, name: str) -> "Node | None":
        """Return a member; None where it is absent or null."""
        found = self.members().get(name)
        return None if found is None else self.child(name, found)

    def child(self, name: str | int, value: Any = None) -> "Node":
        step = str(name).replace("~", "~0").replace("/", "~1")
        return Node(value, f"{self.pointer}/{step}")

    def members(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            self.refuse("must be an object.")
        return self.value

    def each_member(self) -> list[tuple[str, "Node"]]:
        return [(name, self.child(name, value)) for name, value in self.members().items()]

    def items(self) -> list["Node"]:
        if not isinstance(self.value, list):
            self.refuse("must be a list.")
        return [self.child(place, value) for place, value in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse("must be a text.")
        return self.value

    def name(self) -> str:
        return self.text() or self.refuse("must not be empty.")

    def one_of(self, known: Collection[str]) -> str:
        if self.text() not in known:
            self.refuse(f"must be one of {', '.join(known)}, not {self.value!r}.")
        return str(self.value)

    def whole(self, *, least: int = 0) -> int:
        # True is an int to Python, and to nobody else.
        if type(self.value) is not int or self.value < least:
            self.refuse(f"must be a whole number of at least {least}.")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.refuse("must be true or false.")
        return self.value

    def usd(self) -> Decimal:
        """Return an amount of money: a decimal text, not below zero, as no float is exact."""
        if not _AMOUNT.fullmatch(self.text()):
            self.refuse(f"must be an amount such as 12.50, not {self.value!r}.")
        return Decimal(self.value)

    def share(self) -> Decimal:
        """Return a part of a whole: a decimal text from 0 to 1."""
        if not _SHARE.fullmatch(self.text()):
            self.refuse(f"must be a part from 0 to 1, such as 0.5, not {self.value!r}.")
        return Decimal(self.value)

    def instant(self) -> datetime:
        """Return an instant with its zone, in UTC."""
        problem = f"must be an instant such as 2026-11-20T12:00:00Z, not {self.value!r}."
        if not _INSTANT.fullmatch(self.text()):
            self.refuse(problem)
        try:
            return datetime.fromisoformat(self.value).astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(problem)


def read_json(body: bytes, *, fraction: Callable[[str], Any] = Decimal) -> Node:
    """Parse bytes; raises Malformed where they are no JSON. No fraction becomes a float."""
    try:
        return Node(json.loads(body, parse_float=fraction, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"This is not JSON, or not all of it: {error}.") from error


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
