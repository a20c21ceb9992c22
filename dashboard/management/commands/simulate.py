"""Live through the life of an initiative, day by day: `manage.py simulate`."""

import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.demo.company import SIGN_INS
from dashboard.simulation.beat import InProcess, Workers
from dashboard.simulation.life import GRADUATES, STORIES
from dashboard.simulation.memory import Lived, lived
from dashboard.simulation.run import found, last_moment, life_called, live, stage_of, zone
from dashboard.simulation.told import off_proofs, standing, summary_of
from finops.periods import ONE_DAY, reporting_day
from org.models import Heartbeat
from org.operations.heartbeat import WORKER
from org.refusals import Refusal

# Beat rings for the canary every twenty seconds.
BEAT_LIVES = timedelta(seconds=70)


class Command(BaseCommand):
    help = "Found a company and live through the life of an initiative; again, it lives on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, help="how long it lives, or how many days more; else the story's"
        )
        parser.add_argument(
            "--until", metavar="YYYY-MM-DD", default="", help="the last day; default today"
        )
        parser.add_argument(
            "--story", default="", help=f"one of {', '.join(STORIES)}; default {GRADUATES.name}"
        )
        parser.add_argument("--seed", default="", help="another seed is another chance")
        parser.add_argument(
            "--in-process", action="store_true", help="do the workers' work as well; none is needed"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        now = timezone.now()
        _refuse_beat(now)
        aside = self.stderr if options["json"] else self.stdout
        try:
            with _without_old_news():
                company = lived() or _founded(options, now=now)
                until = last_moment(_last_day(company, options, now=now), now=now)
                hands = InProcess() if options["in_process"] else Workers()
                live(until=until, hands=hands, tell=aside.write)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        except KeyboardInterrupt:
            aside.write("Stopped. The same command goes on from here.")
        self._sum_up(options)

    def _sum_up(self, options: dict[str, Any]) -> None:
        company = lived()
        if company is None:
            return
        stage, off = stage_of(company), off_proofs()
        where = standing(stage, stage.number_of(reporting_day(company.until, stage.zone)))
        if options["json"]:
            self.stdout.write(json.dumps({**where.as_json(), "story": company.story, "off": off}))
        else:
            self.stdout.write("\n".join(summary_of(where, off=off)))
            self.stdout.write(f"Sign-ins: {', '.join(SIGN_INS)}.")
        if off:
            raise CommandError("The books do not hold: see above.")


def _founded(options: dict[str, Any], *, now: datetime) -> Lived:
    """Found the company so many days before the last one."""
    story = options["story"] or GRADUATES.name
    days = options["days"] or life_called(story).days
    last = _day(options["until"]) or reporting_day(now, zone())
    return found(story=story, seed=options["seed"] or "1", first_day=last - ONE_DAY * (days - 1))


def _last_day(company: Lived, options: dict[str, Any], *, now: datetime) -> date:
    """Return the last day to live: the one given, so many more, or today."""
    today = reporting_day(now, zone())
    for name, begun_with in (("story", company.story), ("seed", company.seed)):
        if options[name] not in ("", begun_with):
            raise CommandError(
                f"This company lives the {name} “{begun_with}”: another needs an empty database."
            )
    day = _day(options["until"]) or (
        reporting_day(company.until, zone()) + ONE_DAY * options["days"]
        if options["days"]
        else today
    )
    if day > today:
        raise CommandError(f"{day} is still to come: a company lives up to today, {today}.")
    return day


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise CommandError(f"--until {text}: write the day as YYYY-MM-DD.") from error


def _refuse_beat(now: datetime) -> None:
    """Refuse to live in the past beside a clock that runs: it would end today what lives then."""
    beat = Heartbeat.objects.filter(name=WORKER, beat_at__gt=now - BEAT_LIVES).first()
    if beat is not None:
        raise CommandError(
            "TokenOps runs on this database, and its clock would act today on what lives in the"
            f" past. Stop it, and try again after {BEAT_LIVES.seconds} seconds."
        )


@contextmanager
def _without_old_news() -> Iterator[None]:
    """Keep what policy and ingestion do in the story's past out of today's log."""
    loggers = [logging.getLogger(name) for name in ("policy", "ingestion", "budgets")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
