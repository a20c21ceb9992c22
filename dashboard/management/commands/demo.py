"""Fill an empty database with the demo company: `manage.py demo [--years N] [--calls N]`."""

import logging
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.demo.company import SIGN_INS
from dashboard.demo.history import REFERENCE_CALLS
from dashboard.demo.story import NotEmpty, Summary, play
from dashboard.proofs import PROOFS
from org.operations.proofs import run_proofs
from org.refusals import Refusal
from org.templatetags.figures import usd

_PERCENT = 100


class Command(BaseCommand):
    help = "Fill an empty database with a company whose year of usage is made up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--years", type=int, default=1, help="fiscal years; default 1")
        parser.add_argument(
            "--calls",
            type=int,
            default=REFERENCE_CALLS,
            help=f"calls in all, beside those of experiments; default {REFERENCE_CALLS:,}",
        )
        parser.add_argument(
            "--on", metavar="YYYY-MM-DD", default="", help="the day it ends on; default today"
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="end well where a company is there already"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        began = time.monotonic()
        now = _end_of_story(options["on"])
        try:
            with _without_old_news():
                summary = play(now=now, years=options["years"], calls=options["calls"])
        except NotEmpty as refusal:
            if not options["if_empty"]:
                raise CommandError(refusal.detail) from refusal
            self.stdout.write(refusal.detail)
            return
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        run_proofs(PROOFS, at=timezone.now())
        self.stdout.write(_in_words(summary, seconds=time.monotonic() - began))


@contextmanager
def _without_old_news() -> Iterator[None]:
    """Keep the revisions that policy publishes in the story's past out of today's log."""
    logger = logging.getLogger("policy.operations")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _end_of_story(day: str) -> datetime:
    """Return now, or the late afternoon of the day given."""
    if not day:
        return timezone.now()
    try:
        on = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day, no instant
    except ValueError as error:
        raise CommandError(f"--on {day}: write the day as YYYY-MM-DD.") from error
    zone = ZoneInfo(settings.TOKENOPS_TIME_ZONE)
    return datetime.combine(on, clock(16, 30), tzinfo=zone).astimezone(UTC)


def _in_words(summary: Summary, *, seconds: float) -> str:
    share = summary.unallocated_usd / summary.spend_usd * _PERCENT
    return (
        f"{summary.units} units, {summary.people} people,"
        f" {summary.calls:,} calls ({summary.unpriced_calls:,} unpriced),"
        f" {usd(summary.spend_usd)} spent, {share:.1f} % of it unallocated;"
        f" made in {seconds:.0f} s. Sign-ins: {', '.join(SIGN_INS)}."
    )
