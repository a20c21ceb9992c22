"""The audit over real calls: what is avoidable to the cent, and what is not known yet."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from finops.periods import Period
from finops.right_sizing import Verdict
from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.slices import forget_slices
from policy.models import Tier
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.requirements import Label, Required, label_workflow, require_quality
from policy.queries.right_sizing import Audit, audit
from tests.ingestion.conftest import Deliver, deliver
from tests.org_cast import Cast

__all__ = ["deliver"]

WINDOW = Period(date(2026, 11, 1), date(2026, 11, 20))
HEADER = (
    "id,started_at,provider,account,model,workflow,task_type,service_tier,in_text,in_cache_read,"
    "out_text\n"
)
FABLE = {"in_text": Decimal(10), "in_cache_read": Decimal(1), "out_text": Decimal(50)}
SONNET = {"in_text": Decimal(3), "in_cache_read": Decimal("0.3"), "out_text": Decimal(15)}


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


@pytest.fixture
def house(cast: Cast, at: datetime) -> Cast:
    """Two models of the house: the flagship and one at three tenths of its price."""
    for model, usd in (("fable", FABLE), ("sonnet", SONNET)):
        set_prices(draft=OwnPrices("acme", model, usd), by=cast.fiona, at=at)
    rankings = [
        Ranking(provider="acme", model="fable", tier=Tier.FRONTIER),
        Ranking(provider="acme", model="sonnet", tier=Tier.MID),
    ]
    rank_models(rankings=rankings, reason="By price.", by=cast.ed, at=at)
    return cast


def calls(count: int, *, model: str = "fable", day: int = 10, workflow: str = "drafter") -> str:
    return "".join(
        f"{workflow}-{model}-{day}-{n},2026-11-{day:02}T10:00:00Z,acme,main,{model},{workflow},"
        "drafting,standard,1500,0,400\n"
        for n in range(count)
    )


def graded(cast: Cast, at: datetime, model: str, passed: int, **more: Any) -> None:
    plain: dict[str, Any] = {
        "provider": "acme", "model": model, "task_type": "drafting", "complexity": "simple",
        "set_name": "replies", "graded": 300, "passed": passed, "grader": "panel",
        "evaluated_on": date(2026, 11, 15), "shadow_days": 7,
    }  # fmt: skip
    record_evaluations(drafts=[EvaluationDraft(**plain | more)], by=cast.ed, at=at)


def judged_by(cast: Cast, at: datetime) -> None:
    label = Label(workflow="drafter", complexity="simple", risk="low", latency="async")
    label_workflow(label=label, reason="It drafts replies.", by=cast.ed, at=at)
    required = Required(risk="low", required=Decimal("0.93"))
    require_quality(required=required, reason="As the desk agreed.", by=cast.fiona, at=at)


def audited(at: datetime, **more: Any) -> Audit:
    return audit(period=WINDOW, on=at.date(), **more)


def test_the_flagship_on_simple_work_is_avoidable_to_the_cent(
    house: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + calls(100))
    judged_by(house, at)
    graded(house, at, "fable", 294)
    more = {"escalated": Decimal("0.03"), "verify_usd": Decimal("0.00002")}
    graded(house, at, "sonnet", 291, **more)

    found = audited(at)

    # A thousandth of 100,000 calls: $3,500 now, $1,157 on the other, $2,343 avoidable.
    [row] = found.rows
    assert row.now_usd == Decimal("3.5")
    assert row.sized
    assert row.sized.recommended
    assert row.sized.recommended.candidate.name == "sonnet"
    assert (found.avoidable_usd, row.sized.confidence) == (Decimal("2.343"), "high")
    assert f"{found.avoidable_share:.1%}" == "66.9%"
    assert (found.frontier_on_simple_share, found.frontier_share) == (Decimal(1), Decimal(1))
    assert (row.batch_eligible_calls, row.missing) == (100, ())


def test_nothing_is_recommended_before_it_is_known_what_calls_are_and_what_is_required(
    house: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + calls(2))

    found = audited(at)

    assert (found.avoidable_usd, found.unknown_calls) == (Decimal(0), 2)
    assert found.missing == [
        "Nobody says what the calls of drafter are: label the workflow or tag its calls."
    ]
    label = Label(workflow="drafter", complexity="simple", risk="low")
    label_workflow(label=label, reason="It drafts.", by=house.ed, at=at)
    assert audited(at).missing == ["No quality is required of drafting at low risk: set one."]


def test_what_runs_now_has_to_be_graded_too(house: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(HEADER + calls(100))
    judged_by(house, at)
    graded(house, at, "sonnet", 291)

    found = audited(at)

    assert (found.avoidable_usd, found.potential_usd) == (Decimal(0), Decimal("2.45"))
    assert found.missing == ["fable was never graded for drafting, simple: grade what runs now."]


def test_the_evaluation_told_last_counts(house: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(HEADER + calls(1))
    judged_by(house, at)
    graded(house, at, "fable", 294)
    graded(house, at, "sonnet", 291)
    graded(house, at, "sonnet", 270)

    [row] = audited(at).rows

    assert row.sized
    assert row.sized.judged[0].verdict == Verdict.NOT_GOOD_ENOUGH


def test_a_price_that_changed_within_the_window_is_put_to_the_calls_of_its_time(
    house: Cast, deliver: Deliver, at: datetime
) -> None:
    # From 12 November on the other model lists at 2 and 10.
    cheaper = OwnPrices(
        "acme", "sonnet", {"in_text": Decimal(2), "out_text": Decimal(10)},
        starts_at=datetime.fromisoformat("2026-11-12T00:00:00+00:00"),
    )  # fmt: skip
    set_prices(draft=cheaper, by=house.fiona, at=at)
    deliver(HEADER + calls(10, day=10) + calls(10, day=14))
    judged_by(house, at)

    [row] = audited(at).rows

    assert row.sized
    # 10 × 0.0105 before, 10 × 0.007 after.
    assert row.sized.judged[0].effective_usd == Decimal("0.175")


def test_cache_and_prompts_are_told_as_they_are(
    house: Cast, deliver: Deliver, at: datetime
) -> None:
    line = "{0},2026-11-10T10:00:00Z,acme,main,fable,drafter,drafting,batch,{1},{2},100\n"
    deliver(
        HEADER + line.format("a", 1000, 0) + line.format("b", 200, 800) + line.format("c", 4000, 0)
    )

    [row] = audited(at).rows

    assert f"{row.cache_share:.4f}" == "0.1333"
    assert row.cache_achievable == Decimal("0.8")
    assert (row.profile.median_input, row.profile.p95_input) == (1000, 4000)
    assert (row.batched_calls, row.profile.max_tokens, row.reasoning_share) == (3, None, Decimal(0))


def test_only_the_calls_of_the_window_and_of_the_units_count(
    house: Cast, deliver: Deliver, at: datetime
) -> None:
    deliver(HEADER + calls(1, day=10) + calls(1, day=20))

    assert audited(at).calls == 1
    assert audited(at, unit_paths=[house.support.path]).calls == 0
