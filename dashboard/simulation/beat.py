"""The clock of a simulated day: when beat rings for which task, and who does the work."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from celery import Celery, current_app
from django.db import connection

from dashboard.demo.fleet import report_all
from dashboard.demo.interventions import TestClock
from dashboard.simulation.stage import Act, Scene, Stage, Tick
from ingestion.models import SpendChange
from ingestion.operations.deliveries import LOOK
from ingestion.operations.work import is_waiting
from org import doorbell
from org.clock import handing_on
from org.models import Heartbeat
from org.refusals import Refusal
from policy.operations.trip_runs import run_trip_test
from policy.operations.trip_tests import RUN, waiting_tests

JUDGE = "policy.tasks.look"
HELD = timedelta(seconds=11)  # a decision takes effect ten seconds after it was pressed
# What is rung for every few seconds or minutes is rung for where a day has something for it.
DAY: Mapping[str, tuple[str, ...]] = {
    "00:02": ("budgets.tasks.sweep_core", "policy.tasks.sweep", "budgets.tasks.sweep"),
    "00:04": ("policy.tasks.tidy",),
    "00:05": ("ingestion.tasks.sweep", "ingestion.tasks.sweep_connectors"),
    "03:40": ("budgets.tasks.watch_gates",),
    "03:50": ("budgets.tasks.watch_waivers",),
    "04:10": ("budgets.tasks.watch_core",),
    "06:00": ("budgets.tasks.scale_budgets", "policy.tasks.watch_quotas"),
    "10:35": (LOOK, JUDGE),
    "20:55": ("budgets.tasks.sweep",),
    "21:30": ("budgets.tasks.watch",),
}
MONDAY = {"03:10": ("dashboard.tasks.prove",), "03:30": ("org.tasks.forget_answers",)}


class Hands(Protocol):
    """Who does what beat rings for, and returns when it is done."""

    def tick(self, task: str, *, at: datetime) -> None: ...

    def act(self, act: Act) -> str | None: ...


def ticks_of(stage: Stage, day: int, acts: list[Act]) -> Iterator[Scene]:
    """Yield what beat rings for on a day, and what acts ring for themselves."""
    is_monday = stage.date_of(day).weekday() == 0
    for clock, tasks in {**DAY, **(MONDAY if is_monday else {})}.items():
        for place, task in enumerate(tasks):
            yield Tick(stage.at(day, clock) + timedelta(milliseconds=place), task)
    yield from (Tick(act.at + HELD, act.rings) for act in acts if act.rings)


class InProcess:
    """One process that lives the whole day by itself; no worker hears a bell of it."""

    def __init__(self) -> None:
        current_app.loader.import_default_modules()  # as a worker does when it starts

    def tick(self, task: str, *, at: datetime) -> None:
        with doorbell.muffled():
            if task == RUN:
                self._run_trip_tests(at=at)
            else:
                current_app.tasks[task](at=at.isoformat())

    def act(self, act: Act) -> str | None:
        with doorbell.muffled():
            return act.do(act.at)

    def _run_trip_tests(self, *, at: datetime) -> None:
        """Run what waits against a clock of its own, on which routers report while it waits."""
        for test_id in waiting_tests():
            clock = TestClock(at)
            run_trip_test(test_id=test_id, clock=clock.now, wait=clock.wait)


class Workers:
    """Real Celery workers: each task is a message, and over when the database says so."""

    patience_s = 120.0
    ring_again_s = 5.0

    def __init__(self, app: Celery | None = None) -> None:
        self._app = app or current_app

    def tick(self, task: str, *, at: datetime) -> None:
        began_s = rung_s = time.monotonic()
        self._ring(task, at=at)
        while not self._is_done(task, at=at):
            now_s = time.monotonic()
            if now_s - began_s > self.patience_s:
                raise Refusal(
                    f"No worker did {task} within {self.patience_s:.0f} s. Start one, without beat:"
                    " celery -A tokenops worker. Or live in this process: --in-process."
                )
            if now_s - rung_s > self.ring_again_s:
                self._ring(task, at=at)
                rung_s = now_s
            if task == RUN:
                report_all(at + timedelta(seconds=now_s - began_s))
            time.sleep(0.05)

    def act(self, act: Act) -> str | None:
        with handing_on(act.at.isoformat()):
            return act.do(act.at)

    def _ring(self, task: str, *, at: datetime) -> None:
        self._app.send_task(task, kwargs={"at": at.isoformat()}, expires=self.patience_s)

    def _is_done(self, task: str, *, at: datetime) -> bool:
        connection.close_if_unusable_or_obsolete()
        done = Heartbeat.objects.filter(name=task, beat_at__gte=at).exists()
        return done and NOTHING_LEFT.get(task, lambda: True)()


# What several workers share is over when nothing of it is left.
NOTHING_LEFT: Mapping[str, Callable[[], bool]] = {
    LOOK: lambda: not is_waiting(),
    JUDGE: lambda: not SpendChange.objects.filter(judged_at=None).exists(),
    RUN: lambda: not waiting_tests(),
}
