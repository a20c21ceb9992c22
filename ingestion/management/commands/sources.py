"""`manage.py sources`: the kinds of files that can be read."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion.readers.registry import SOURCES
from ingestion.readers.source import Source

COLUMNS = ("name", "kind", "detects", "takes", "documentation")


class Command(BaseCommand):
    help = "List the sources that `ingest` can read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *_args: Any, **options: Any) -> None:
        shown = (*COLUMNS, "title") if options["json"] else COLUMNS
        rows = [{name: _text(source, name) for name in shown} for source in SOURCES]
        self.stdout.write(json.dumps(rows, indent=2) if options["json"] else _table(rows))


def _text(source: Source, name: str) -> str:
    if name == "takes":
        return source.takes.in_words().removeprefix("it takes ")
    return str(getattr(source, name))


def _table(rows: list[dict[str, str]]) -> str:
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in COLUMNS}
    lines = [dict(zip(COLUMNS, COLUMNS, strict=True)), *rows]
    return "\n".join(
        "  ".join(line[name].ljust(widths[name]) for name in COLUMNS).rstrip() for line in lines
    )
