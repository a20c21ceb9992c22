"""Living on: the same however often it is interrupted, and never in somebody else's company."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from dashboard.simulation.beat import DAY, MONDAY, InProcess
from dashboard.simulation.memory import NotOurs
from dashboard.simulation.run import found
from dashboard.simulation.stage import CARRY_OUT, Act, Stage
from dashboard.simulation.told import fingerprint
from org.models import AuditEntry, Heartbeat, Unit
from org.operations.heartbeat import WORKER, beat
from tests.dashboard.simulation.living import FIRST_DAY, founded, lived_until
from tests.org_cast import Cast
from tests.tokenops.test_beat_clock import MACHINERY, beats

NOW = datetime(2026, 8, 6, 15, 0, tzinfo=UTC)
GATES_DAY = 17


class Killed(InProcess):
    """Dies in the middle of an act, after everything that came before it."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.dies_at = at

    def act(self, act: Act) -> str | None:
        says = super().act(act)
        if act.at >= self.dies_at:
            raise KeyboardInterrupt
        return says


def test_a_simulated_day_rings_for_all_that_beat_rings_for_but_the_machinery() -> None:
    rung = {task for tasks in (*DAY.values(), *MONDAY.values()) for task in tasks}

    assert set(beats()) - rung == MACHINERY | {CARRY_OUT}  # which follows each decision


@pytest.mark.django_db
def test_a_life_that_is_killed_and_lived_on_is_the_same_as_one_lived_at_once() -> None:
    with transaction.atomic():
        lived_until(founded("graduates"), GATES_DAY)
        at_once = fingerprint()
        transaction.set_rollback(True)

    stage = founded("graduates")
    lived_until(stage, 5)
    with pytest.raises(KeyboardInterrupt):
        lived_until(stage, GATES_DAY, hands=Killed(stage.at(GATES_DAY, "11:40")))
    lived_until(fresh(stage), GATES_DAY)

    assert fingerprint() == at_once


@pytest.mark.django_db
def test_another_seed_is_another_ledger_and_a_lived_day_changes_nothing() -> None:
    with transaction.atomic():
        lived_until(founded("graduates", seed="2"), 4)
        other = fingerprint()
        transaction.set_rollback(True)

    stage = founded("graduates")
    lived_until(stage, 4)
    once, entries = fingerprint(), AuditEntry.objects.count()

    assert lived_until(fresh(stage), 4) == []
    assert (fingerprint(), AuditEntry.objects.count()) == (once, entries)
    assert once != other


@pytest.mark.django_db
def test_a_company_that_was_not_founded_by_it_is_left_alone(cast: Cast) -> None:
    with pytest.raises(NotOurs, match="which was not founded by `simulate`"):
        found(story="graduates", seed="1", first_day=FIRST_DAY)


@pytest.fixture
def _august(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.mark.usefixtures("_august")
@pytest.mark.django_db
def test_the_command_lives_up_to_today_and_goes_on_where_it_stopped() -> None:
    first = run("--days", "2", "--until", "2026-08-04")
    then = run("--days", "1")
    last = json.loads(run("--json").splitlines()[-1])

    assert "Day 2, 4 August: Complaint reader is requested." in first
    assert "Day 2" not in then.partition("After day")[0]
    assert "Day 3, 5 August: $" in then
    assert "all journals sum to 0.00." in then
    assert "verify: every proof holds." in then
    assert (last["day"], last["state"], last["journals_usd"]) == (4, "sandbox", "0.00")
    assert last["off"] == []


@pytest.mark.usefixtures("_august")
@pytest.mark.django_db
def test_the_command_refuses_somebody_elses_company(cast: Cast) -> None:
    with pytest.raises(CommandError, match="not founded by `simulate`"):
        run("--days", "2")


@pytest.mark.usefixtures("_august")
@pytest.mark.django_db
def test_the_command_refuses_an_unknown_story_and_a_clock_that_runs() -> None:
    with pytest.raises(CommandError, match="There is no story “comes”; there are graduates,"):
        run("--story", "comes")

    beat(name=WORKER, at=NOW)
    with pytest.raises(CommandError, match="TokenOps runs on this database"):
        run("--days", "2")


@pytest.mark.usefixtures("_august")
@pytest.mark.django_db
def test_what_was_begun_is_lived_on_as_it_was_begun() -> None:
    found(story="graduates", seed="1", first_day=FIRST_DAY)

    with pytest.raises(CommandError, match="This company lives the story “graduates”"):
        run("--story", "unstable")
    with pytest.raises(CommandError, match="2026-08-07 is still to come"):
        run("--until", "2026-08-07")
    assert not Unit.objects.exists()
    assert not Heartbeat.objects.exists()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("simulate", "--in-process", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def fresh(stage: Stage) -> Stage:
    """Return the stage as another process finds it."""
    return Stage(stage.life, stage.seed, stage.first_day, stage.zone)
