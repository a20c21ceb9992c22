"""Routes: derived from what is known of models, or decided by a person with a reason."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.models import PriceRow
from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from org.models import AuditEntry, User
from org.refusals import Invalid, NotAllowed
from policy.models import PolicyRevision, Route
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.publish import publish
from policy.operations.requirements import Label, Required, label_workflow, require_quality
from policy.operations.routes import decide_route
from policy.queries.routes import Labels
from tests.org_cast import Cast

SIMPLE_QA = Labels("closed_qa", "simple", "low")
PRICES = {"mini": ("0.25", "2"), "mid-1": ("3", "15"), "top": ("10", "50")}
PAGE = "/models/routes/"


@pytest.fixture
def house(cast: Cast, at: datetime) -> Cast:
    """Rank three models, each with its prices; mini alone takes batches."""
    for model, prices in PRICES.items():
        for meter, usd in zip(("in_text", "out_text"), prices, strict=True):
            PriceRow.objects.create(
                provider="acme", model=model, meter=meter, usd=Decimal(usd), recorded_at=at
            )
    rank_models(
        rankings=[
            Ranking(provider="acme", model="mini", tier="economy", batch=True),
            Ranking(provider="acme", model="mid-1", tier="mid"),
            Ranking(provider="acme", model="top", tier="frontier"),
        ],
        reason="By price.",
        by=cast.ed,
        at=at,
    )
    return cast


def published() -> dict[tuple[str, str, str], dict[str, Any]]:
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    return {(r["task_type"], r["complexity"], r["risk"]): r for r in document["routes"]}


def grade(cast: Cast, at: datetime, *, passed: int, model: str = "mini") -> None:
    graded = EvaluationDraft(
        provider="acme", model=model, task_type="closed_qa", complexity="simple",
        set_name="answers", graded=300, passed=passed, grader="panel", evaluated_on=at.date(),
    )  # fmt: skip
    record_evaluations(drafts=[graded], by=cast.ed, at=at)


def require(cast: Cast, at: datetime, *, risk: str = "low", floor: str = "local") -> None:
    required = Required(risk=risk, required=Decimal("0.93"), floor_tier=floor)
    require_quality(required=required, reason="As agreed.", by=cast.fiona, at=at)


def decide(by: User, at: datetime, **values: Any) -> Route:
    plain: dict[str, Any] = {
        "labels": SIMPLE_QA,
        "tier": "economy",
        "queue": "sync",
        "reason": "It does well.",
    }
    return decide_route(**(plain | values), by=by, at=at)


def test_before_a_model_is_ranked_routers_are_told_no_routes(cast: Cast, at: datetime) -> None:
    publish(cause="First.", by=None, at=at)

    assert published() == {}


def test_where_nothing_is_known_labels_say_where_calls_go(house: Cast) -> None:
    tiers = {labels: (route["tier"], route["models"]) for labels, route in published().items()}

    assert tiers["extraction", "simple", "low"] == ("economy", ["mini"])
    assert tiers[SIMPLE_QA] == ("mid", ["mid-1"])
    assert tiers["rewrite", "simple", "high"] == ("frontier", ["top"])
    assert tiers["open_qa", "complex", "medium"] == ("frontier", ["top"])
    assert len(tiers) == 11 * 3 * 3


def test_a_proven_cheap_model_takes_work_that_is_not_of_high_risk(
    house: Cast, at: datetime
) -> None:
    require(house, at)
    require(house, at, risk="high")
    grade(house, at, passed=291)

    publish(cause="", by=None, at=at)

    assert published()[SIMPLE_QA]["models"] == ["mini"]
    assert published()["closed_qa", "simple", "high"]["tier"] == "frontier"


def test_a_model_that_was_found_too_weak_is_passed_over(house: Cast, at: datetime) -> None:
    require(house, at)
    grade(house, at, passed=200, model="mid-1")

    publish(cause="", by=None, at=at)

    assert published()[SIMPLE_QA]["models"] == ["top"]


def test_a_floor_lifts_the_tier(house: Cast, at: datetime) -> None:
    require(house, at, floor="frontier")

    publish(cause="", by=None, at=at)

    assert published()["extraction", "simple", "low"]["tier"] == "frontier"


def test_work_that_nobody_waits_for_goes_into_the_queue_where_models_take_batches(
    house: Cast, at: datetime
) -> None:
    for task in ("extraction", "closed_qa"):
        label = Label(
            workflow=f"nightly-{task}",
            task_type=task,
            complexity="simple",
            risk="low",
            latency="async",
        )
        label_workflow(label=label, reason="It runs at night.", by=house.ed, at=at)

    publish(cause="", by=None, at=at)

    assert published()["extraction", "simple", "low"]["queue"] == "batch"
    assert published()[SIMPLE_QA]["queue"] == "sync"  # mid-1 takes no batches


def test_a_tier_of_its_own_for_a_task_is_where_a_model_stands(house: Cast, at: datetime) -> None:
    label = Label(workflow="notes", task_type="notes", complexity="simple", risk="low")
    label_workflow(label=label, reason="New.", by=house.ed, at=at)

    publish(cause="", by=None, at=at)

    assert published()["notes", "simple", "low"]["tier"] == "mid"


def test_a_person_decides_otherwise_and_takes_it_back(house: Cast, at: datetime) -> None:
    decide(house.ed, at)

    route = published()[SIMPLE_QA]
    assert (route["tier"], route["models"]) == ("economy", ["mini"])
    cause = PolicyRevision.objects.latest("number").cause
    assert cause == "Route decided: It does well."
    assert AuditEntry.objects.filter(action="policy.route_decided").count() == 1
    decide(house.fiona, at, tier="", reason="It did not.")
    assert published()[SIMPLE_QA]["tier"] == "mid"


def test_high_risk_goes_no_lower_and_no_floor_is_undercut(house: Cast, at: datetime) -> None:
    with pytest.raises(Invalid, match="closed_qa at high risk goes no lower than frontier"):
        decide(house.ed, at, labels=SIMPLE_QA._replace(risk="high"))
    require(house, at, floor="mid")
    with pytest.raises(Invalid, match="goes no lower than mid"):
        decide(house.ed, at)


def test_what_cannot_be_is_refused_by_field(house: Cast, at: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        decide(
            house.ed, at, labels=Labels("", "hard", "low"), tier="huge", queue="later", reason=" "
        )

    assert {error.pointer for error in refusal.value.errors} == {
        "/task_type",
        "/complexity",
        "/tier",
        "/queue",
        "/reason",
    }
    with pytest.raises(NotAllowed, match="Routes are decided by engineers"):
        decide(house.grace, at)


def test_what_was_decided_is_never_edited(house: Cast, at: datetime) -> None:
    route = decide(house.ed, at)
    route.tier = "frontier"

    with pytest.raises(DatabaseError), transaction.atomic():
        route.save()


def test_the_page_shows_routes_in_words_and_takes_a_decision(
    house: Cast, at: datetime, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)
    client.force_login(house.ed)
    posted = SIMPLE_QA._asdict() | {"tier": "economy", "queue": "sync", "reason": "It does well."}

    answer = client.post(PAGE, posted, follow=True)

    text = " ".join(answer.content.decode().split())
    assert "Closed QA: these calls go to economy." in text
    assert "decided by a person" in text
    assert "Ed: It does well." in text
    high = client.post(PAGE, posted | {"risk": "high"})
    assert high.status_code == 422
    assert "goes no lower than frontier" in high.content.decode()


def test_the_page_is_for_those_who_work_with_models(house: Cast, client: Client) -> None:
    client.force_login(house.aud)
    assert "Send calls elsewhere" not in client.get(PAGE).content.decode()
    client.force_login(house.grace)
    assert client.get(PAGE).status_code == 403


def test_the_page_asks_the_same_whatever_was_decided(
    house: Cast,
    at: datetime,
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(house.ed)
    for count in (1, 3):
        while Route.objects.count() < count:
            decide(house.ed, at, reason=f"Once more {Route.objects.count()}.")
        with django_assert_num_queries(17):
            client.get(PAGE)
