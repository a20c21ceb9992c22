"""What an experiment's consumption depends on, as its ledger shows it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from budgets.gates.configuration import configuration_of, grown_population
from budgets.models import Initiative
from finops.periods import ONE_DAY, Period
from ingestion.operations.slices import forget_slices
from ingestion.queries.people import PeopleUsing, people_of
from ingestion.queries.task_tokens import TaskTokens, median_tokens_per_task
from policy.operations.usage import take_usage
from tests.org_cast import Cast


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


def push(cast: Cast, at: datetime, *tokens: tuple[str, int], **more: Any) -> None:
    """Meter calls of the experiment, each of a task and with so many tokens."""
    take_usage(
        records=[
            {
                "id": f"call-{task}-{number}-{more}",
                "started_at": (at - timedelta(hours=2)).isoformat(),
                "provider": "openai",
                "model": "gpt-5",
                "workflow": "support-drafter",
                "task": task,
                "tokens": {"in_text": count - 100, "out_text": 100},
                **more,
            }
            for number, (task, count) in enumerate(tokens)
        ],
        by=cast.ed,
        at=at,
    )


def today(at: datetime) -> Period:
    return Period(at.date(), at.date() + ONE_DAY)


def median(drafter: Initiative, period: Period) -> TaskTokens:
    assert drafter.cost_object is not None
    return median_tokens_per_task(cost_object=drafter.cost_object, period=period)


def test_a_task_is_all_its_calls_and_the_lower_median_counts(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    push(cast, at, ("a", 1000), ("a", 500), ("b", 2000), ("c", 9000), ("d", 4000))

    assert median(drafter, today(at)) == TaskTokens(2000, 4)  # of 1,500 2,000 4,000 9,000


def test_calls_without_a_task_of_others_and_of_other_days_are_left_out(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    push(cast, at, ("a", 1000))
    push(cast, at, ("", 7000))
    push(cast, at, ("z", 7000), workflow="something-else")
    push(cast, at, ("y", 7000), started_at=(at - timedelta(hours=13)).isoformat())

    assert median(drafter, today(at)) == TaskTokens(1000, 1)


def test_without_a_task_there_is_no_median(at: datetime, drafter: Initiative) -> None:
    assert median(drafter, today(at)) == TaskTokens(0, 0)


def test_too_few_tasks_say_nothing_and_twenty_do(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    tomorrow = at + timedelta(days=1)
    push(cast, at, *[(f"task-{number}", 1000 + number) for number in range(19)])
    few = configuration_of(drafter, at=tomorrow)["usage"]
    push(cast, at, ("task-19", 1019))
    enough = configuration_of(drafter, at=tomorrow)["usage"]

    assert few == {
        "from": "2026-11-07",
        "until": "2026-11-21",
        "models": ["openai/gpt-5"],
        "tasks": 19,
        "median_tokens_per_task": None,
    }
    assert (enough["tasks"], enough["median_tokens_per_task"]) == (20, "1009")


def test_who_uses_it_is_told_apart_from_who_is_new(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    for person in ("ann", "bob"):
        push(cast, at, ("a", 1000), person=person)
    tomorrow = at + timedelta(days=1)
    for person in ("bob", "cid", "dot", ""):
        push(cast, tomorrow, ("b", 1000), person=person)
    push(cast, tomorrow, ("c", 1000), person="eve", workflow="something-else")
    assert drafter.cost_object is not None

    found = people_of(
        cost_object=drafter.cost_object, then=today(at), now=today(at + timedelta(days=1))
    )

    assert found == PeopleUsing(then=2, now=3, new=2)


def test_people_who_came_since_evidence_was_gathered_are_a_material_change(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    push(cast, at, ("a", 1000), person="ann")
    written = configuration_of(drafter, at=at + timedelta(days=1))
    later = at + timedelta(days=15)
    assert grown_population(drafter, written, at=later) is None

    for person in ("ann", "bob"):
        push(cast, later - timedelta(days=1), ("b", 1000), person=person)

    said = grown_population(drafter, written, at=later)
    assert said is not None
    assert said.startswith("1 of the 2 people who use it did not before: 50.0%")
