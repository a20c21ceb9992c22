"""Rules in words, as every page says them."""

from collections.abc import Mapping, Sequence

from finops.rules import TAG_PREFIX, Condition, Wanted, is_glob


def when_in_words(when: Mapping[str, Wanted]) -> str:
    """Say a rule's conditions: "workflow is reply and model matches gpt-5*"."""
    if not when:
        return "every call"
    return " and ".join(condition_in_words(name, wanted) for name, wanted in when.items())


def condition_in_words(attribute: str, wanted: Wanted) -> str:
    alternatives = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    verb = "matches" if any(is_glob(pattern) for pattern in alternatives) else "is"
    return f"{attribute_in_words(attribute)} {verb} {_either(alternatives)}"


def attribute_in_words(attribute: str) -> str:
    if attribute.startswith(TAG_PREFIX):
        return f"tag {attribute.removeprefix(TAG_PREFIX)}"
    return attribute.replace("_", " ")


def actual_in_words(condition: Condition) -> str:
    return condition.actual or "empty"


def _either(alternatives: Sequence[str]) -> str:
    named = [pattern or "empty" for pattern in alternatives]
    *others, last = named
    return f"{', '.join(others)} or {last}" if others else last
