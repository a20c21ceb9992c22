"""Hand a file to the workers: `manage.py ingest PATH --source NAME | --saved NAME [--wait]`."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from ingestion.operations.told import told
from ingestion.operations.work import do_next
from ingestion.queries.deliveries import UNFINISHED
from org.models import User
from org.refusals import Refusal

# How long to let a worker answer the bell before doing the work here.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.1


class Command(BaseCommand):
    help = "Hand a file of usage or costs to the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="text, .xlsx or .parquet; .gz and .zip too")
        parser.add_argument("--source", default="", help="a name from `manage.py sources`")
        parser.add_argument("--saved", default="", metavar="NAME", help="a saved column map")
        parser.add_argument(
            "--account", default="", help="provider account; default: the source's own"
        )
        parser.add_argument("--map", action="append", default=[], metavar="field=COLUMN")
        parser.add_argument("--set", action="append", default=[], metavar="field=VALUE")
        parser.add_argument("--sheet", default="", metavar="NAME", help="the one of a workbook")
        parser.add_argument("--user", default="", help="who sends it, by user name")
        parser.add_argument("--wait", action="store_true", help="wait, and print what became of it")

    def handle(self, *_: Any, **options: Any) -> None:
        path: Path = options["path"]
        try:
            source, mapped, fixed = told(
                source=options["source"],
                saved=options["saved"],
                sheet=options["sheet"],
                column_map=_pairs(options["map"], "--map"),
                fixed_values=_pairs(options["set"], "--set"),
            )
            with path.open("rb") as file:
                delivery = submit_file(
                    file=file,
                    filename=path.name,
                    source=source,
                    account=options["account"],
                    column_map=mapped,
                    fixed_values=fixed,
                    by=_user(options["user"]),
                    at=timezone.now(),
                )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        if not options["wait"]:
            self.stdout.write(f"Delivery {delivery.pk} is queued.")
            return
        delivery = _ended(delivery)
        self.stdout.write(json.dumps(_summary(delivery)))
        if delivery.state != Delivery.State.DONE:
            raise CommandError(f"Delivery {delivery.pk} {delivery.state}: {delivery.reason}")


def _pairs(items: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for item in items:
        field, sign, value = item.partition("=")
        if not sign or not field or not value:
            raise CommandError(f"{option} {item}: write it as field=value.")
        pairs[field] = value
    return pairs


def _user(name: str) -> User | None:
    if not name:
        return None
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no user {name}.") from error


def _ended(delivery: Delivery) -> Delivery:
    """Wait for the workers; where none answers the bell, do the work here."""
    impatient_at = time.monotonic() + _PATIENCE_SECONDS
    while delivery.state in UNFINISHED:
        nobody_came = delivery.state == Delivery.State.QUEUED and not delivery.attempts
        if nobody_came and time.monotonic() > impatient_at:
            while do_next(at=timezone.now()):
                pass
        time.sleep(_POLL_SECONDS)
        delivery.refresh_from_db()
    return delivery


def _summary(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery": delivery.pk,
        "rows": delivery.rows,
        "loaded": delivery.loaded,
        "duplicate": delivery.duplicate,
        "conflict": delivery.conflict,
        "rejected": delivery.rejected,
        "unpriced": delivery.unpriced,
        "usd": f"{delivery.usd:f}",  # never as 0E-12
        "state": delivery.state,
        "reason": delivery.reason,
    }
