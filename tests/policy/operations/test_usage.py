"""Pushes that meet share a transaction, and each is told what became of its own records."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connections, transaction

from ingestion.models import Delivery, Event
from ingestion.operations.assignments import hold_loads_still
from ingestion.operations.slices import forget_slices
from ingestion.pricing import TooDear
from org.models import User
from policy.operations import usage
from policy.operations.usage import UsageAnswer, take_usage
from tests.live import until
from tests.org_cast import gather

pytestmark = pytest.mark.django_db(transaction=True)


def record(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "started_at": "2026-11-20T10:00:00Z",
        "provider": "openai",
        "model": "gpt-5",
        "tokens": {"in_text": 1000, "out_text": 100},
        "cost_usd": "0.01",
        **more,
    }


def pushed_at_once(pushes: Sequence[Sequence[Any]], *, by: User, at: datetime) -> list[Any]:
    """Push one record, and while that waits for the rules, all of these."""

    def push(records: Sequence[Any]) -> UsageAnswer | Exception:
        try:
            return take_usage(records=records, by=by, at=at)
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(pushes) + 1) as pool:
        with transaction.atomic():
            hold_loads_still()
            first = pool.submit(push, [record("first")])
            until(lambda: _waiting() == 0 and not usage._pushes._lanes._value)  # noqa: SLF001
            rest = [pool.submit(push, records) for records in pushes]
            until(lambda: _waiting() == len(pushes))
        assert isinstance(first.result(), UsageAnswer)
        return [one.result() for one in rest]


def _waiting() -> int:
    return sum(len(line) for line in usage._pushes._waiting.values())  # noqa: SLF001


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> None:
    forget_slices()


@pytest.fixture
def goes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the records of every transaction that was tried."""
    seen: list[int] = []
    take = usage._take  # noqa: SLF001

    def counted(push: Any) -> UsageAnswer:
        seen.append(len(push.records))
        return take(push)

    monkeypatch.setattr(usage, "_take", counted)
    monkeypatch.setattr(usage._pushes, "_alone", counted)  # noqa: SLF001
    return seen


def test_new_calls_of_many_pushes_are_stored_in_one_go(at: datetime, goes: list[int]) -> None:
    pushes = [[record(f"{push}-{number}") for number in range(3)] for push in range(4)]

    answers = pushed_at_once(pushes, by=gather().ed, at=at)

    assert [answer.accepted for answer in answers] == [3, 3, 3, 3]
    assert goes == [1, 12]
    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.loaded, Event.objects.count()) == (13, 13, 13)


def test_a_call_that_came_before_is_told_to_whoever_sent_it(at: datetime, goes: list[int]) -> None:
    pushes = [[record("a")], [record("first"), record("b")], [record("c", model="")]]

    a, b, c = pushed_at_once(pushes, by=gather().ed, at=at)

    assert (a.accepted, a.duplicate) == (1, 0)
    assert (b.accepted, b.duplicate) == (1, 1)
    assert (c.accepted, [row.index for row in c.rejected]) == (0, [0])
    assert goes == [1, 4, 1, 2, 1]
    delivery = Delivery.objects.get()
    assert (delivery.rows, delivery.loaded, delivery.duplicate, delivery.rejected) == (5, 3, 1, 1)


def test_a_push_that_fails_does_not_fail_the_others(at: datetime) -> None:
    dear = record("dear", model="gpt-5", cost_usd="", tokens={"in_text": 2**31 - 1})
    dear["counters"] = {"web_searches": 2**31 - 1}

    fine, failed = pushed_at_once([[record("fine")], [dear]], by=gather().ed, at=at)

    assert fine.accepted == 1
    assert isinstance(failed, TooDear)
    assert Event.objects.count() == 2
