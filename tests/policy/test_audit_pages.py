"""The pages of the audit and its evidence, and the same over REST."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ingestion.operations.slices import forget_slices
from policy.models import QualityRequirement, WorkflowLabel
from tests.ingestion.conftest import Deliver, deliver
from tests.org_cast import Cast
from tests.policy.queries.test_right_sizing import HEADER, calls, graded, house, judged_by

__all__ = ["deliver", "house"]

CSV = (
    "provider,model,task_type,complexity,set_name,graded,passed,grader,evaluated_on\n"
    "acme,sonnet,drafting,simple,replies,300,{0},panel,2026-11-15\n"
)
REQUIRE = {
    "require-task_type": "drafting", "require-risk": "low", "require-required": "0.93",
    "require-floor_tier": "local", "require-reason": "As agreed.",
}  # fmt: skip
LABEL = {
    "label-workflow": "drafter", "label-complexity": "simple", "label-risk": "low",
    "label-latency": "sync", "label-reason": "It drafts.",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> Iterator[None]:
    forget_slices()
    yield
    forget_slices()


@pytest.fixture
def fiona(house: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: at)
    client.force_login(house.fiona)
    return client


@pytest.fixture
def judged(house: Cast, deliver: Deliver, at: datetime) -> None:
    deliver(HEADER + calls(1000))
    judged_by(house, at)
    graded(house, at, "fable", 294)
    graded(house, at, "sonnet", 291)


def test_the_page_says_what_is_avoidable_and_on_whose_evidence(fiona: Client, judged: None) -> None:
    text = " ".join(fiona.get("/models/").content.decode().split())

    # A thousand calls at $0.035 and $0.0105.
    assert "Of $35.00 for 1,000 calls from 21 Oct 2026 to 19 Nov 2026, $24.50 (70.0%)" in text
    assert "291 of 300 passed, 94.9% at least; 93.0% required" in text
    assert "What is not known yet" not in text
    assert "No calls" in fiona.get("/models/?days=7").content.decode()


def test_the_audit_goes_out_as_csv_and_over_rest(fiona: Client, judged: None) -> None:
    lines = b"".join(fiona.get("/models/?format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    told = fiona.get("/api/v1/models/right-sizing").json()

    assert lines[1].startswith("drafter,drafting,simple,low,acme,fable,frontier,1000,35.000000")
    assert (told["since"], told["until"], told["calls"]) == ("2026-10-21", "2026-11-20", 1000)
    assert (told["avoidable_usd"], told["avoidable_share"]) == ("24.500000000000", "0.700000")
    [row] = told["results"]
    assert (row["candidate"], row["at_least"], row["confidence"]) == ("sonnet", "0.949131", "high")
    assert fiona.get("/api/v1/models/right-sizing?days=0").status_code == 422
    assert fiona.get("/api/v1/models/right-sizing?on=0001-01-01").status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_as_many_questions_for_one_workflow_as_for_three(
    fiona: Client, deliver: Deliver, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    deliver(HEADER + "".join(calls(2, workflow=f"flow-{n}") for n in range(count)))
    fiona.get("/models/")

    with django_assert_num_queries(17):
        fiona.get("/models/")


def test_finance_sets_the_bar_and_an_engineer_labels(fiona: Client, house: Cast) -> None:
    assert fiona.post("/models/requirements/quality/", REQUIRE).status_code == 302
    fiona.force_login(house.ed)
    refused = fiona.post("/models/requirements/quality/", REQUIRE)
    labelled = fiona.post("/models/requirements/labels/", LABEL, follow=True)

    assert str(QualityRequirement.objects.get()) == "drafting, low risk: 0.93000"
    assert str(WorkflowLabel.objects.get()) == "drafter: as its calls say, simple"
    assert refused.status_code == 422
    text = " ".join(labelled.content.decode().split())
    assert "drafter is labelled." in text
    assert "93.0%" in text
    late = fiona.post("/models/requirements/labels/", LABEL | {"label-starts_on": "2026-11-19"})
    assert "It holds from today, 20 Nov 2026, or later." in late.content.decode()


def test_evaluations_are_recorded_from_lines_and_told_what_is_wrong(fiona: Client) -> None:
    wrong = fiona.post("/models/evaluations/", {"lines": CSV.format("many")})
    more = fiona.post("/models/evaluations/", {"lines": CSV.format(301)})
    kept = fiona.post("/models/evaluations/", {"lines": CSV.format(291)}, follow=True)

    assert (wrong.status_code, more.status_code) == (422, 422)
    assert "Line 2, passed: A valid integer is required." in wrong.content.decode()
    assert "301 of 300 cannot have passed." in more.content.decode()
    text = " ".join(kept.content.decode().split())
    assert "1 evaluation recorded." in text
    assert "291 of 300" in text
    body = b"".join(fiona.get("/models/evaluations/?format=csv").streaming_content)  # type: ignore[attr-defined]
    assert b"acme,sonnet,drafting,simple,replies,300,291,panel,set" in body


def test_managers_see_none_of_it(fiona: Client, house: Cast) -> None:
    fiona.force_login(house.grace)
    for path in ("/models/", "/models/evaluations/", "/models/requirements/"):
        assert fiona.get(path).status_code == 403
    assert fiona.get("/api/v1/models/right-sizing").status_code == 403
