"""Whether a rule's conditions hold for a call.

Allocation, the policy's `assign` list and every router must answer this alike.

A `when` maps attributes to what they must be: an exact text, a glob (`*` is any text,
`?` any one character), or a list of those of which one must hold. All attributes must
hold; an empty `when` holds for everything. An attribute that a call lacks is the empty
text. Tags are attributes named `tag.NAME`. Comparison is by code point: no case folding,
no normalising. tests/vectors/assign.json says the same in cases, for any language.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

Wanted = str | Sequence[str]
When = Mapping[str, Wanted]
Attributes = Mapping[str, str | None]

TAG_PREFIX = "tag."
MAX_PATTERN_LENGTH = 500
_STARS = re.compile(r"\*+")


class Conditional(Protocol):
    """Anything with a `when`."""

    @property
    def when(self) -> When: ...


C = TypeVar("C", bound=Conditional)


class Rule(NamedTuple):
    """One entry of an ordered list: where the call goes when the conditions hold."""

    when: When
    scope: str


class Condition(NamedTuple):
    """One condition of a rule beside what the call really has."""

    attribute: str
    wanted: tuple[str, ...]
    actual: str
    ok: bool


def matches(when: When, attributes: Attributes) -> bool:
    """Test whether every condition holds."""
    return all(_holds(wanted, attributes.get(name) or "") for name, wanted in when.items())


def first_match(rules: Iterable[C], attributes: Attributes) -> C | None:
    """Return the first rule whose conditions hold, in the order given."""
    return next((rule for rule in rules if matches(rule.when, attributes)), None)


def explain(when: When, attributes: Attributes) -> list[Condition]:
    """Return every condition with what was wanted, what there is and whether it holds."""
    return [
        Condition(name, _alternatives(wanted), actual, _holds(wanted, actual))
        for name, wanted in when.items()
        for actual in [attributes.get(name) or ""]
    ]


def validate_when(when: object, known_attributes: Collection[str]) -> list[str]:
    """Return a sentence for each thing wrong with a `when` as it came from outside."""
    if not isinstance(when, Mapping):
        return [f"`when` must be an object of attributes, not {when!r}."]
    problems = []
    for name, wanted in when.items():
        problems += _name_problems(name, known_attributes) + _wanted_problems(name, wanted)
    return problems


def _alternatives(wanted: Wanted) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _holds(wanted: Wanted, actual: str) -> bool:
    # The innermost step of allocation: the common case, one plain text, comes first.
    if wanted == actual:
        return True
    if isinstance(wanted, str):
        return is_glob(wanted) and _glob(wanted).fullmatch(actual) is not None
    return any(_holds(pattern, actual) for pattern in wanted)


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=10_000)
def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob so that matching never backtracks over an earlier star.

    A star followed by more text may settle for the first place that text occurs; the
    atomic groups keep `*a*a*a*b` linear where a naive translation takes polynomial time.
    """
    first, *rest = _STARS.split(pattern)
    pieces = [_without_stars(first)]
    pieces += [f"(?>.*?{_without_stars(piece)})" for piece in rest[:-1]]
    pieces += [f".*{_without_stars(piece)}" for piece in rest[-1:]]
    return re.compile("".join(pieces), re.DOTALL)


def _without_stars(piece: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in piece)


def _name_problems(name: object, known_attributes: Collection[str]) -> list[str]:
    if not isinstance(name, str):
        return [f"An attribute's name must be text, not {name!r}."]
    if name in known_attributes or (name.startswith(TAG_PREFIX) and name != TAG_PREFIX):
        return []
    near = get_close_matches(name, known_attributes, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else f" A tag is written `{TAG_PREFIX}NAME`."
    return [f"`{name}` is not an attribute of a call.{hint}"]


def _wanted_problems(name: object, wanted: object) -> list[str]:
    if isinstance(wanted, str):
        return _pattern_problems(name, wanted)
    if not isinstance(wanted, Sequence) or isinstance(wanted, bytes):
        return [f"`{name}` must be a text or a list of texts, not {wanted!r}."]
    if not wanted:
        return [f"`{name}` is an empty list, which no call can satisfy."]
    return [problem for pattern in wanted for problem in _pattern_problems(name, pattern)]


def _pattern_problems(name: object, pattern: object) -> list[str]:
    if not isinstance(pattern, str):
        return [f"`{name}` must be compared with text, not {pattern!r}."]
    if len(pattern) > MAX_PATTERN_LENGTH:
        return [f"`{name}` is compared with more than {MAX_PATTERN_LENGTH} characters."]
    return []
