"""Handing the files in: monthly exports, the gateway's fortnights, and the usual mishaps."""

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from dashboard.demo.calls import Volume
from dashboard.demo.cast import Cast
from dashboard.demo.experiment_calls import gateway_calls
from dashboard.demo.experiments import EXPERIMENTS, LOOKED_AT
from dashboard.demo.history import History, Scene
from dashboard.demo.usage_files import as_csv, calls_within, in_order
from finops.periods import ONE_DAY, Period
from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from ingestion.operations.work import do_next
from org.models import User
from policy.operations.outbox import judge_all_waiting

USAGE = "tokenops"
GATEWAY_SINCE_DAYS = 105  # the first experiment's first calls
SENT_TWICE, WITHOUT_TIMES = 20, 6  # days ago
SPOILT_MONTH = 2  # from the start: an export with two rows that cannot be used
SPOILT = (
    "req_truncated,2026-13-01T10:00:00Z,openai,openai-main,gpt-5-mini,svc-support,,support-desk,"
    "support-drafter,drafting,prod,,,100,0,0,0,20,0,0,ok\n"
    "req_negative,2026-03-01T10:00:00Z,openai,openai-main,gpt-5-mini,svc-support,,support-desk,"
    "support-drafter,drafting,prod,,,-5,0,0,0,20,0,0,ok\n"
)
FORTNIGHT = 14
_POLL_SECONDS = 0.05
_UNFINISHED = (Delivery.State.QUEUED, Delivery.State.RUNNING)


class File(NamedTuple):
    """A file as somebody sends it."""

    name: str
    content: bytes
    source: str = USAGE
    account: str = ""


def hand_in(file: File, *, by: User, at: datetime) -> Delivery:
    """Send a file in, see it loaded, and let the guardrails judge what it brought."""
    delivery = submit_file(
        file=io.BytesIO(file.content),
        filename=file.name,
        source=file.source,
        account=file.account,
        column_map={},
        fixed_values={},
        by=by,
        at=at,
    )
    while delivery.state in _UNFINISHED:
        if not do_next(at=at):
            time.sleep(_POLL_SECONDS)  # a worker that is running took it first
        delivery.refresh_from_db()
    judge_all_waiting(at=at)
    return delivery


def scenes(history: History, cast: Cast, parts: Sequence[Volume]) -> Iterator[Scene]:
    """Yield every delivery of usage: whole months, the begun one, and today as far as it is."""
    desk = _Desk(history, cast, parts)
    for number, days in enumerate(_months(history)):
        at = history.midnight if days.end == history.today else history.at(days.end, "05:30")
        extra = SPOILT if number == SPOILT_MONTH else ""
        yield Scene(at, partial(desk.send_month, days, extra))
    for days in _fortnights(history):
        at = history.midnight if days.end == history.today else history.at(days.end, "02:00")
        yield Scene(at, partial(desk.send_fortnight, days))
        if history.today - ONE_DAY * SENT_TWICE in days:
            yield Scene(history.at(days.end, "09:20"), partial(desk.send_fortnight, days))
    yield Scene(history.ago(WITHOUT_TIMES, "11:45"), desk.send_what_nobody_can_read)
    yield Scene(history.now, desk.send_today)


def _months(history: History) -> Iterator[Period]:
    """Yield the months up to yesterday, the last one cut at today."""
    start = history.start
    while start < history.today:
        end = min((start + ONE_DAY * 31).replace(day=1), history.today)
        yield Period(start, end)
        start = end


def _fortnights(history: History) -> Iterator[Period]:
    """Yield fortnights from a Monday, cut where an experiment ended or was looked at."""
    cuts = [*(plan.ended for plan in EXPERIMENTS), *LOOKED_AT]  # today's for what goes on
    ends = [history.today - ONE_DAY * days for days in cuts]
    first = history.today - ONE_DAY * GATEWAY_SINCE_DAYS
    start = max(first - ONE_DAY * first.weekday(), history.start)
    while start < history.today:
        monday = start + ONE_DAY * (FORTNIGHT - start.weekday())
        end = min(day for day in (monday, *ends) if day > start)
        yield Period(start, end)
        start = end


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who sends the files; each method is an act at an instant."""

    history: History
    cast: Cast
    parts: Sequence[Volume]

    def send_month(self, days: Period, extra: str, at: datetime) -> None:
        content = as_csv(calls_within(self.parts, days), extra=extra)
        self._send(f"usage-{days.start:%Y-%m}.csv", content, by="finance", at=at)

    def send_today(self, at: datetime) -> None:
        today = self.history.today
        content = as_csv(calls_within(self.parts, Period(today, today + ONE_DAY)))
        self._send(f"usage-{today}-so-far.csv", content, by="finance", at=at)

    def send_fortnight(self, days: Period, at: datetime) -> None:
        content = as_csv(in_order(gateway_calls(self.history, days)))
        self._send(f"gateway-{days.start}.csv", content, by="engineer", at=at)

    def send_what_nobody_can_read(self, at: datetime) -> None:
        content = b"request,when,vendor,model,tokens\n77,yesterday,openai,gpt-5,1200\n"
        self._send("usage-export-old-tool.csv", content, by="finance", at=at)

    def _send(self, name: str, content: bytes, *, by: str, at: datetime) -> None:
        if content:  # a stretch without a call makes no file
            hand_in(File(name, content), by=self.cast.users[by], at=at)
