"""The tables of a Markdown document, by the name in the comment above each."""

import re
from pathlib import Path

ARITHMETIC = Path(__file__).parents[2] / "docs" / "arithmetic.md"
_MARKER = re.compile(r"<!-- checked: (?P<name>[a-z-]+) -->")

Row = dict[str, str]


def tables_of(text: str) -> dict[str, list[Row]]:
    """Return every announced table as rows of cells by column; a name stands once."""
    tables: dict[str, list[Row]] = {}
    for block in _blocks(text):
        announced = _MARKER.fullmatch(block[0])
        if announced is None:
            continue
        name = announced["name"]
        if name in tables:
            raise ValueError(f"The document has two tables {name}.")
        header, _, *rows = (_cells(line) for line in block[1:])
        tables[name] = [dict(zip(header, row, strict=True)) for row in rows]
    return tables


def unannounced_tables(text: str) -> list[str]:
    """Return the first line of each table that no comment announces."""
    return [block[0] for block in _blocks(text) if block[0].startswith("|")]


def _blocks(text: str) -> list[list[str]]:
    return [block.strip().splitlines() for block in re.split(r"\n\s*\n", text.strip())]


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().removesuffix("|")[1:].split("|")]
