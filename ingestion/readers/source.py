"""A kind of file: what the registry knows of every source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ingestion.readers.contract import Chunk, Options, UsageBatch
from ingestion.readers.reports import ReportBatch
from ingestion.readers.takes import TABLE, Takes

DOCUMENTATION = "docs/sources.md"

Reader = Callable[[Chunk, Options], UsageBatch | ReportBatch]
# Looks at the header and the options before any row is read; raises Refused.
Check = Callable[[Chunk, Options], None]


def nothing(_head: bytes) -> bool:
    """Detect no file: such a source must be named."""
    return False


def unchecked(_chunk: Chunk, _options: Options) -> None:
    """Refuse no file before its rows are read."""


@dataclass(frozen=True, slots=True)
class Source:
    """How a kind of file is known, framed, checked and read.

    `takes` is what may be said beside the file.
    `rows_path` names the array that holds the rows where they stand inside one object;
    `is_document` says that the file is read whole. A source of kind `usage` may be its
    account's meter. `account` is that of files that name none: sources that speak of the
    same money share it, so that one of them meters. `is_mendable` says that a rejected
    row is kept whole, and can be mended and sent again by itself.
    """

    name: str
    kind: Literal["usage", "cost", "invoice"]
    title: str
    detects: str
    documentation: str
    detect: Callable[[bytes], bool]
    read: Reader
    check: Check = unchecked
    takes: Takes = TABLE
    rows_path: str = ""
    is_document: bool = False
    provider: str = ""
    account: str = ""
    is_mendable: bool = False
