"""What beat rings for can be handed its moment, and writes that moment and no other."""

import inspect
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import models
from django.db.models import QuerySet

from budgets.models import HeldDecision, Initiative
from budgets.operations.held import hold_decision
from ingestion.models import Delivery
from ingestion.operations.adjust import JUDGE
from ingestion.operations.deliveries import LOOK, submit_file
from ingestion.operations.pulls import PULL
from org.models import ProofRun
from org.operations.notices import SEND
from policy.operations.keys import LIFETIME
from policy.operations.trip_tests import RUN
from policy.operations.usage import take_usage
from tests.factories.budgets import granted_budget, requested, running
from tests.org_cast import Cast
from tokenops import celery_app

BEGUN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CALLED_AT = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
MOMENTS = (
    datetime(2026, 11, 26, 4, 5, 6, 789, tzinfo=UTC),  # long past
    datetime(2038, 12, 6, 23, 59, 59, 999_999, tzinfo=UTC),  # long to come
)
# They measure how long real processes take: whether a worker answers, when to send again.
MACHINERY = {"org.tasks.canary", "org.tasks.sweep_outbox"}
# Until when a process holds what it works on.
REAL_CLOCK = {"claimed_at"}
FLOORS = ("org", "ingestion", "policy", "budgets")


def beats() -> list[str]:
    celery_app.loader.import_default_modules()  # a worker does so when it starts
    return sorted({entry["task"] for entry in celery_app.conf.beat_schedule.values()})


def test_whatever_beat_rings_for_can_be_handed_its_moment_but_for_the_machinery() -> None:
    for name in beats():
        takes = inspect.getfullargspec(celery_app.tasks[name].run)
        expected = ([], None) if name in MACHINERY else (["at"], (None,))
        assert (takes.args, takes.defaults) == expected, name


@pytest.mark.parametrize("task", [LOOK, PULL, JUDGE, RUN, SEND])
def test_whatever_a_bell_is_rung_for_takes_the_moment_that_the_bell_carries(task: str) -> None:
    beats()

    takes = inspect.getfullargspec(celery_app.tasks[task].run)

    assert (takes.args, takes.defaults) == (["at"], (None,))


@pytest.mark.parametrize("at", MOMENTS, ids=("past", "future"))
@pytest.mark.django_db
def test_all_that_beat_does_is_written_at_the_moment_that_is_handed(
    cast: Cast, at: datetime
) -> None:
    ended, held, delivery = something_to_do_for_everyone(cast)
    before = set(written())

    for name in (*beats(), "ingestion.tasks.look", "policy.tasks.look"):
        if name not in MACHINERY:
            celery_app.tasks[name](at=at.isoformat())

    for row in (ended, held, delivery):
        row.refresh_from_db()
    assert (ended.state, delivery.state) == ("expired", "done")
    assert (held.ended_at, delivery.finished_at) == (at, at)
    assert ProofRun.objects.get(name="journals = 0").checked_at == at
    moments = {moment for *_, moment in set(written()) - before}
    assert moments - {at + LIFETIME} == {at, CALLED_AT}  # a new key says how long it signs


def something_to_do_for_everyone(cast: Cast) -> tuple[Initiative, HeldDecision, Delivery]:
    """Return an experiment past its end, one whose approval is held, and a file that waits."""
    granted_budget(cast, at=BEGUN)
    ended = running(cast, at=BEGUN, ends_on=date(2026, 11, 24))
    waiting = requested(
        cast, at=BEGUN, name="Another", match=[{"workflow": "another"}], ends_on=date(2026, 12, 20)
    )
    held = hold_decision(
        subject=waiting, action="approve", by=cast.carl, reason="", version=waiting.version,
        at=BEGUN,
    )  # fmt: skip
    take_usage(records=[call("one", Decimal(4))], by=cast.ed, at=BEGUN)
    delivery = submit_file(
        file=io.BytesIO(
            b"id,started_at,provider,model,workflow,in_text,out_text\n"
            b"two,2026-11-20T11:00:00Z,openai,gpt-4o,support-drafter,1000,100\n"
        ),
        filename="one.csv",
        source="tokenops",
        account="",
        column_map={},
        fixed_values={},
        by=cast.fiona,
        at=BEGUN,
    )
    return ended, held, delivery


def call(name: str, usd: Decimal) -> dict[str, object]:
    return {
        "id": name,
        "started_at": (BEGUN - timedelta(minutes=5)).isoformat(),
        "provider": "openai",
        "model": "gpt-4o",
        "workflow": "support-drafter",
        "tokens": {"in_text": int(usd / Decimal("2.5") * 1_000_000)},
    }


def written() -> Iterator[tuple[str, object, str, datetime]]:
    """Yield every instant of every row of the product."""
    for label in FLOORS:
        for model in apps.get_app_config(label).get_models():
            yield from _of(model)


def _of(model: type[models.Model]) -> Iterator[tuple[str, object, str, datetime]]:
    fields = [
        field.name
        for field in model._meta.concrete_fields  # noqa: SLF001 -- Django's documented API
        if isinstance(field, models.DateTimeField) and field.name not in REAL_CLOCK
    ]
    for row in QuerySet(model).values("pk", *fields) if fields else ():
        yield from (
            (model.__name__, row["pk"], name, row[name]) for name in fields if row[name] is not None
        )
