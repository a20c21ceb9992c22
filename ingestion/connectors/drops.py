"""What the two kinds of drop folders have in common: which reader takes their files, and how."""

from collections.abc import Mapping

from ingestion.connectors.kind import Field, pairs
from ingestion.readers.contract import Refused
from ingestion.readers.registry import SOURCES
from ingestion.readers.registry import source as named

# Names under which programs keep files that they are still writing.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", "~")

FIELDS: tuple[Field, ...] = (
    Field(
        "source",
        "What the files are",
        required=True,
        choices=tuple((source.name, source.title) for source in SOURCES),
    ),
    Field(
        "map",
        "What the columns are",
        "For any CSV or JSON, a line for each: field = column.",
        is_long=True,
    ),
    Field(
        "set",
        "The same for every row",
        "A line for each: provider = openai, or another option that these files take.",
        is_long=True,
    ),
)


def check(config: Mapping[str, str]) -> None:
    """Raise Refused for a map that is missing, and for what the files' source does not take."""
    mapped, fixed, source = pairs(config["map"]), pairs(config["set"]), named(config["source"])
    if source.takes.needs_map and not mapped and not fixed:
        raise Refused("Say what the columns of these files are.")
    source.takes.refuse(source.name, mapped, fixed)


def is_whole(name: str) -> bool:
    """Test whether a file's name is neither hidden nor that of one still being written."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)
