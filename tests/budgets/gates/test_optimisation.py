"""Gate 2 on a support drafter: deferred on the flagship, passed after the re-configuration."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import GateEvidence, Initiative
from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.slices import forget_slices
from org.models import User
from policy.models import Tier
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.requirements import Label, Required, label_workflow, require_quality
from tests.factories.gates import gate_step, reviewed
from tests.ingestion.conftest import Deliver, deliver
from tests.org_cast import Cast

__all__ = ["deliver"]

HEADER = "id,started_at,provider,account,model,workflow,in_text,out_text\n"
# A thousandth of a month: 42 of 42,000 calls, 2,200 tokens in and 350 out.
FABLE = {"in_text": Decimal(10), "out_text": Decimal(50)}
SONNET = {"in_text": Decimal(3), "out_text": Decimal(15)}
LATER = timedelta(days=21)


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


@pytest.fixture
def house(cast: Cast, at: datetime) -> Cast:
    """Rank a flagship and a mid-tier model, graded for simple drafting, of which 93 % must pass."""
    rankings = []
    for model, usd, tier in (("fable", FABLE, Tier.FRONTIER), ("sonnet", SONNET, Tier.MID)):
        set_prices(draft=OwnPrices("acme", model, usd), by=cast.fiona, at=at)
        rankings.append(Ranking(provider="acme", model=model, tier=tier))
    rank_models(rankings=rankings, reason="By price.", by=cast.ed, at=at)
    label = Label(
        workflow="support-drafter", task_type="drafting", complexity="simple", risk="low",
        latency="sync",
    )  # fmt: skip
    label_workflow(label=label, reason="Replies.", by=cast.ed, at=at)
    required = Required(risk="low", required=Decimal("0.93"))
    require_quality(required=required, reason="As the desk agreed.", by=cast.fiona, at=at)
    graded(cast, at, "fable", 294)
    graded(cast, at, "sonnet", 291)
    return cast


def graded(cast: Cast, at: datetime, model: str, passed: int, graded: int = 300) -> None:
    draft = EvaluationDraft(
        provider="acme", model=model, task_type="drafting", complexity="simple",
        set_name="replies", graded=graded, passed=passed, grader="panel",
        evaluated_on=date(2026, 11, 19), shadow_days=7,
    )  # fmt: skip
    record_evaluations(drafts=[draft], by=cast.ed, at=at)


def calls(model: str, first: date, *, days: int = 14, a_day: int = 3) -> str:
    return HEADER + "".join(
        f"{model}-{day}-{n},{first + timedelta(days=day)}T10:00:00Z,acme,main,{model},"
        "support-drafter,2200,350\n"
        for day in range(days)
        for n in range(a_day)
    )


def criteria() -> dict[str, Any]:
    return {each["code"]: each for each in GateEvidence.objects.latest("pk").criteria}


def test_the_flagship_on_simple_work_defers_until_it_is_reconfigured(
    house: Cast, at: datetime, drafter: Initiative, erin: User, deliver: Deliver
) -> None:
    first = date(2026, 11, 20)
    deliver(calls("fable", first))

    after = at + timedelta(days=14)
    gate = reviewed(drafter, by=house.grace, at=after, number=2)

    assert gate.state == "deferred"
    found = criteria()
    # $0.0395 and $0.01185 a call, 42 calls: 70 % of $1.659.
    evidence = GateEvidence.objects.latest("pk")
    assert Decimal(evidence.measures["spend_usd"]) == Decimal("1.659")
    assert Decimal(evidence.measures["avoidable_usd"]) == Decimal("1.1613")
    assert Decimal(found["avoidable"]["measured"]) == Decimal("0.7")
    assert found["avoidable"]["says"] == (
        "$1.16 of $1.66 is avoidable, 70.0%, where 10.0% is the most."
        " Let support-drafter run on sonnet instead of fable."
    )
    assert Decimal(found["frontier_on_simple"]["measured"]) == 1
    unmet = {code for code, each in found.items() if each["verdict"] != "met"}
    assert unmet == {"avoidable", "frontier_on_simple"}

    deliver(calls("sonnet", date(2026, 12, 4)))
    again = at + timedelta(days=28)
    gate_step(drafter, "gather", by=house.grace, at=again, number=2, inputs={"since": "2026-12-04"})

    evidence = GateEvidence.objects.latest("pk")
    # A thousandth of $497.70.
    assert Decimal(evidence.measures["spend_usd"]) == Decimal("0.4977")
    assert (evidence.outcome, evidence.reasons) == ("passed", [])
    assert evidence.window == {"from": "2026-12-04", "until": "2026-12-18"}


def test_a_waiver_lets_the_frontier_stand_for_a_time_and_finops_signs_too(
    house: Cast, at: datetime, drafter: Initiative, deliver: Deliver
) -> None:
    deliver(calls("fable", date(2026, 11, 20)))
    graded(house, at, "sonnet", 270)  # not good enough, so nothing is avoidable

    after = at + timedelta(days=14)
    gate_step(drafter, "gather", by=house.grace, at=after, number=2)
    assert criteria()["frontier_on_simple"]["verdict"] == "missed"
    waived = {"waived_until": "2026-12-31"}
    gate_step(drafter, "gather", by=house.grace, at=after, number=2, inputs=waived)
    assert criteria()["frontier_on_simple"]["says"] == "It is waived for 27 days."
    assert GateEvidence.objects.latest("pk").outcome == "passed"
    too_long = {"waived_until": "2027-12-31"}
    gate_step(drafter, "gather", by=house.grace, at=after, number=2, inputs=too_long)
    assert "A waiver ends within 92 days" in criteria()["frontier_on_simple"]["says"]


def test_what_is_not_graded_or_not_labelled_is_unknown_and_never_a_pass(
    house: Cast, at: datetime, drafter: Initiative, deliver: Deliver
) -> None:
    deliver(calls("fable", date(2026, 11, 20), days=2))
    graded(house, at, "sonnet", 58, 60)

    gate_step(drafter, "gather", by=house.grace, at=at + timedelta(days=2), number=2)

    found = criteria()
    assert (found["graded"]["measured"], found["graded"]["verdict"]) == ("60", "missed")
    assert found["graded"]["says"] == "sonnet needs a shadow test for drafting, simple."
    assert found["enough_calls"]["says"] == "There are 6 calls of 2 days: wait for more."
    assert GateEvidence.objects.latest("pk").outcome == "deferred"


def test_before_the_first_call_everything_is_open(
    house: Cast, at: datetime, drafter: Initiative
) -> None:
    gate_step(drafter, "gather", by=house.grace, at=at, number=2)

    assert GateEvidence.objects.latest("pk").outcome == "deferred"
    assert criteria()["avoidable"]["verdict"] == "unknown"
