"""What work costs, and how its cost falls on tasks: retries, undone files, other meters."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from finops.periods import Period
from ingestion.models import MeteringSource
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.operations.undo import undo_delivery
from ingestion.queries.tasks import per_task_costs, task_costs_of
from ingestion.queries.work import Work, cost_of, days_of
from org.models import CostObject
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,workflow,user,task,in_text,cost_usd,status\n"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
DRAFTER = Work(workflows=("drafter",))


def call(
    name: str, usd: str, *, task: str = "", day: int = 19, who: str = "ana", model: str = "gpt-4o"
) -> str:
    return f"{name},2026-11-{day:02}T10:00:00Z,openai,{model},drafter,{who},{task},10,{usd},ok\n"


def test_a_task_costs_what_all_its_calls_cost(cast: Cast, deliver: Deliver) -> None:
    # Three tasks: 0.30 (with a retry), 0.50 and 4.00; a call of 0.20 names none.
    deliver(
        HEADER
        + call("1", "0.10", task="a")
        + call("2", "0.20", task="a", day=20)
        + call("3", "0.50", task="b", who="bob")
        + call("4", "4.00", task="c")
        + call("5", "0.20", who="cid")
    )

    costs = per_task_costs(DRAFTER, period=NOVEMBER)

    assert (costs.tasks, costs.n, costs.users) == (3, 3, 2)
    assert (costs.p50_usd, costs.p90_usd) == (Decimal("0.5"), Decimal(4))
    assert (costs.named_usd, costs.unnamed_usd) == (Decimal("4.80"), Decimal("0.20"))
    assert costs.coverage == Decimal("0.96")
    assert per_task_costs(DRAFTER, period=NOVEMBER).tasks == 3


def test_a_quantile_is_the_cost_of_a_real_task(cast: Cast, deliver: Deliver) -> None:
    calls = "".join(call(str(n), f"0.{n:02}", task=f"t{n}") for n in range(1, 11))
    deliver(HEADER + calls)

    costs = per_task_costs(DRAFTER, period=NOVEMBER)

    # Of 0.01 to 0.10, five of ten are at most 0.05 and nine at most 0.09.
    assert (costs.p50_usd, costs.p90_usd) == (Decimal("0.05"), Decimal("0.09"))


def test_a_task_with_an_unpriced_call_is_in_no_quantile(cast: Cast, deliver: Deliver) -> None:
    deliver(HEADER + call("1", "0.10", task="a") + call("2", "", task="b", model="gpt-99"))

    costs = per_task_costs(DRAFTER, period=NOVEMBER)
    cost = cost_of(DRAFTER, period=NOVEMBER)

    assert (costs.tasks, costs.unpriced_tasks, costs.n) == (2, 1, 1)
    assert costs.p90_usd == Decimal("0.1")
    assert (cost.usd, cost.calls, cost.unpriced_calls) == (Decimal("0.1"), 2, 1)


def test_nothing_spent_is_no_coverage(cast: Cast) -> None:
    costs = per_task_costs(DRAFTER, period=NOVEMBER)

    assert (costs.tasks, costs.p50_usd, costs.coverage) == (0, None, None)
    assert cost_of(DRAFTER, period=NOVEMBER).usd == 0


def test_an_undone_file_and_another_meter_count_in_no_task(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + call("1", "0.10", task="a"))
    undone = deliver(HEADER + call("2", "7.00", task="b"), filename="b.csv")
    undo_delivery(delivery_id=undone.pk, reason="Wrong file.", by=cast.fiona, at=at)
    assert per_task_costs(DRAFTER, period=NOVEMBER).tasks == 1

    MeteringSource.objects.update(ends_on=date(2026, 11, 19))

    assert per_task_costs(DRAFTER, period=NOVEMBER).tasks == 0


def test_days_outside_and_other_workflows_are_left_out(cast: Cast, deliver: Deliver) -> None:
    deliver(
        HEADER
        + call("1", "0.10", task="a", day=1)
        + call("2", "0.20", task="b", day=5)
        + call("3", "0.40", task="c", day=6)
        + call("4", "0.80", task="d", day=5).replace("drafter", "other")
    )
    early = Period(date(2026, 11, 1), date(2026, 11, 6))

    assert per_task_costs(DRAFTER, period=early).named_usd == Decimal("0.3")
    days = days_of({"it": DRAFTER}, period=NOVEMBER)["it"]
    assert days.within(early).usd == Decimal("0.3")
    first, fifth = Period(early.start, date(2026, 11, 2)), Period(date(2026, 11, 5), early.end)
    assert days.within(first, fifth).calls == 2


def test_a_late_evening_belongs_to_the_companys_next_day(
    cast_in_berlin: Cast, deliver: Deliver
) -> None:
    deliver(HEADER + call("1", "0.10", task="a").replace("19T10:00", "30T23:30"))
    december = Period(date(2026, 12, 1), date(2027, 1, 1))

    assert per_task_costs(DRAFTER, period=NOVEMBER).tasks == 0
    assert per_task_costs(DRAFTER, period=december).tasks == 1


@pytest.fixture
def experiment(cast: Cast, at: datetime) -> CostObject:
    made = CostObject.objects.create(slug="try", name="Try", unit=cast.support)
    publish_rules(
        drafts=[
            RuleDraft("try", {"workflow": "drafter"}, cast.support.pk, made.pk, date(2026, 11, 10)),
            RuleDraft("all", {}, cast.support.pk),
        ],
        reason="first",
        by=cast.fiona,
        at=at,
    )
    return made


def test_a_cost_object_has_the_tasks_of_the_days_on_which_calls_are_its(
    cast: Cast, deliver: Deliver, experiment: CostObject
) -> None:
    deliver(
        HEADER
        + call("1", "0.10", task="a", day=9)
        + call("2", "0.20", task="b", day=10)
        + call("3", "0.40", task="c", day=11)
    )
    work = Work(objects=(experiment.pk,))

    assert per_task_costs(work, period=NOVEMBER).named_usd == Decimal("0.6")
    assert cost_of(work, period=NOVEMBER).usd == Decimal("0.6")
    both = task_costs_of({"work": work, "all": DRAFTER}, period=NOVEMBER)
    assert [(each.tasks, each.named_usd) for each in both.values()] == [
        (2, Decimal("0.6")),
        (3, Decimal("0.7")),
    ]
