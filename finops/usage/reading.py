"""Reading counts out of a usage object, strictly."""

from collections.abc import Mapping
from typing import Any

from finops.tokens import UnreadableUsage, Usage


def first_mapping(usage: Usage, *names: str) -> Usage:
    """Return the first of these that is an object, or an empty one."""
    # Loops rather than generators here: every call of every log passes by several times.
    for name in names:
        value = usage.get(name)
        if type(value) is dict or isinstance(value, Mapping):
            return value
    return {}


def first_list(usage: Usage, *names: str) -> list[Usage]:
    """Return the objects in the first of these that is a list, or none."""
    found: list[Any] = next((usage[n] for n in names if isinstance(usage.get(n), list)), [])
    return [value for value in found if isinstance(value, Mapping)]


def first_count(usage: Usage, *names: str) -> int:
    """Return the first of these counts that is given, or 0 where none is."""
    for name in names:
        value = usage.get(name)
        if value is not None:
            return value if type(value) is int else whole_number(name, value)
    return 0


def whole_number(name: str, value: object) -> int:
    """Return a count; raise UnreadableUsage, naming it, for what is no whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    whole, _, fraction = text.partition(".")
    if whole.removeprefix("-").isdecimal() and whole.isascii() and not fraction.strip("0"):
        return int(whole)
    raise UnreadableUsage(f"{name} is {value!r}, which is not a whole number.")


def counters_of(usage: Usage) -> dict[str, int]:
    """Return what one answer counts beside its tokens: itself, and its searches."""
    tools = first_mapping(usage, "server_tool_use", "prompt_tokens_details")
    searches = first_count(tools, "web_search_requests")
    return {"requests": 1} | ({"web_searches": searches} if searches else {})
