"""The names under which a usage row's fields may be given."""

from collections.abc import Iterable

from finops.tokens import COUNTERS, TOKEN_CLASSES
from ingestion.readers.contract import TEXT_LIMITS, Refused

# As the usage record of the API calls them → as a usage frame calls them.
ALIASES = {"id": "native_id", "user": "person", "cost_usd": "stated_usd"}
SPOKEN = {field: name for name, field in ALIASES.items()}
REQUIRED = ("started_at", "provider", "model")
FIELDS = (*TEXT_LIMITS, "started_at", *TOKEN_CLASSES, *COUNTERS, "stated_usd", "tags")
PREFIXES = {"tokens.": frozenset(TOKEN_CLASSES), "counters.": frozenset(COUNTERS)}


def field_named(name: str) -> str | None:
    """Return the field of a usage frame that a name stands for, or None."""
    for prefix, names in PREFIXES.items():
        if name.startswith(prefix):
            return name.removeprefix(prefix) if name.removeprefix(prefix) in names else None
    if name.startswith("tags."):
        return name if name != "tags." else None
    field = ALIASES.get(name, name)
    return field if field in FIELDS else None


def spoken(field: str) -> str:
    """Return the name by which senders know a field."""
    return SPOKEN.get(field, field)


def known_field(name: str) -> str:
    """Return the field a name stands for; raise Refused, listing the names, if there is none."""
    field = field_named(name)
    if field is None:
        names = ", ".join(spoken(field) for field in FIELDS)
        raise Refused(f"There is no field {name!r}. The fields are: {names} and tags.NAME.")
    return field


def check_required(given: Iterable[str], *, remedy: str) -> None:
    """Raise Refused where a required field is not among those given."""
    missing = [field for field in REQUIRED if field not in set(given)]
    if missing:
        raise Refused(f"Nothing gives {' and '.join(missing)}. {remedy}")
