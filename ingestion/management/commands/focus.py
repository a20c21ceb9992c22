"""Write the ledger as a FOCUS 1.2 file: `manage.py focus --from DAY --to DAY [--out PATH]`."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from finops.money import EXACT, calculated_in
from finops.periods import Period
from ingestion.focus.files import PIECES
from ingestion.focus.rows import Row
from ingestion.models import CostStatus
from ingestion.queries.focus import focus_rows
from ingestion.queries.questions import Question


class Command(BaseCommand):
    help = "Write spend as a FOCUS 1.2 dataset, CSV or Parquet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", required=True, dest="start", metavar="DAY")
        parser.add_argument(
            "--to", required=True, dest="end", metavar="DAY", help="first day outside"
        )
        parser.add_argument("--format", choices=list(PIECES), default="csv")
        parser.add_argument("--out", type=Path, help="default: standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        period = _period(options["start"], options["end"])
        counted = _Counted(focus_rows(Question(period), user=None))
        pieces = PIECES[options["format"]](counted)
        path: Path | None = options["out"]
        if path is None:
            _write(pieces, sys.stdout.buffer)
        else:
            _write_file(pieces, path)
        self.stderr.write(counted.summary())


class _Counted(Iterator[Row]):
    """Passes rows on, and knows afterwards how many they were and what they cost."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._count = self._unpriced = 0
        self._usd = Decimal(0)

    @calculated_in(EXACT)
    def __next__(self) -> Row:
        row = next(self._rows)
        self._count += 1
        self._unpriced += row["x_CostStatus"] == CostStatus.UNPRICED.label
        self._usd += row["EffectiveCost"]
        return row

    def summary(self) -> str:
        unpriced = f", {self._unpriced:,} of them without a price" if self._unpriced else ""
        return f"{self._count:,} rows{unpriced}; effective cost {self._usd:f} USD."


def _period(start: str, end: str) -> Period:
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError as error:
        raise CommandError(f"--from {start} --to {end} is no time: {error}") from error
    return period


def _write_file(pieces: Iterator[bytes], path: Path) -> None:
    """Write beside the target and move, so that a file of this name is always whole."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            _write(pieces, file)
        beside.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _write(pieces: Iterator[bytes], file: BinaryIO) -> None:
    file.writelines(pieces)
