"""Which scope a call falls under: the ordered `assign` list, first match wins. Pure.

A condition is an exact text, a glob (`*` is any text, `?` any one character) or a list of
those; all conditions of a rule must hold. An attribute that a call lacks is the empty text.
`tests/vectors/assign.json` states it in cases, for every language.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

Attributes = Mapping[str, str | None]
_STARS = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `assign`: what a call must be, and the scope it then falls under."""

    when: Mapping[str, tuple[str, ...]]
    scope: str

    def holds(self, attributes: Attributes) -> bool:
        return all(
            any(is_like(attributes.get(name) or "", pattern) for pattern in wanted)
            for name, wanted in self.when.items()
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """The list, with its plain rules looked up by value instead of tried one by one."""

    rules: Sequence[Rule]
    _plain: Mapping[str, Mapping[str, Sequence[int]]] = field(init=False, compare=False)
    _others: Sequence[int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        others = []
        for place, rule in enumerate(self.rules):
            name = _plain_condition(rule)
            if name is None:
                others.append(place)
                continue
            for value in rule.when[name]:
                plain[name][value].append(place)
        object.__setattr__(self, "_plain", plain)
        object.__setattr__(self, "_others", others)

    def place(self, attributes: Attributes) -> int | None:
        """Return where in the list the first rule stands that holds; None where none does."""
        for place in sorted(self._candidates(attributes)):
            if self.rules[place].holds(attributes):
                return place
        return None

    def scope_of(self, attributes: Attributes) -> str | None:
        found = self.place(attributes)
        return None if found is None else self.rules[found].scope

    def _candidates(self, attributes: Attributes) -> list[int]:
        found = list(self._others)
        for name, values in self._plain.items():
            actual = attributes.get(name) or ""
            if actual in values:
                found += values[actual]
        return found


def is_like(actual: str, pattern: str) -> bool:
    """Test a text against one pattern, code point by code point."""
    if pattern == actual:
        return True
    return is_glob(pattern) and _glob(pattern).fullmatch(actual) is not None


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _plain_condition(rule: Rule) -> str | None:
    """Return an attribute of which the rule wants exact texts only."""
    return next((name for name, wanted in rule.when.items() if not any(map(is_glob, wanted))), None)


@lru_cache(maxsize=10_000)
def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob; the atomic groups keep `*a*a*a*b` from trying every split of a text."""
    first, *rest = _STARS.split(pattern)
    pieces = [_piece(first)]
    pieces += [f"(?>.*?{_piece(piece)})" for piece in rest[:-1]]
    pieces += [f".*{_piece(piece)}" for piece in rest[-1:]]
    return re.compile("".join(pieces), re.DOTALL)


def _piece(text: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in text)
