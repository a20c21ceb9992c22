"""The models' pages in a real browser: readable by everybody, on a phone too."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.requirements import Label, Required, label_workflow, require_quality
from tests.browser.test_spend_pages import sign_in
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Check = Callable[[Page], None]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGES = (
    "/models/",
    "/models/hierarchy/",
    "/models/routes/",
    "/models/evaluations/",
    "/models/requirements/",
)


@pytest.fixture
def scene(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Rank a model, ask for another tier of it, grade it, and say what is required."""
    monkeypatch.setattr(timezone, "now", lambda: AT)
    cast = gather()
    for tier in ("mid", "frontier"):
        ranking = Ranking(provider="openai", model="gpt-5", tier=tier)
        rank_models(rankings=[ranking], reason="By price.", by=cast.ed, at=AT)
    required = Required(risk="low", required=Decimal("0.93"))
    require_quality(required=required, reason="As agreed.", by=cast.fiona, at=AT)
    label = Label(workflow="drafter", complexity="simple", risk="low")
    label_workflow(label=label, reason="It drafts.", by=cast.ed, at=AT)
    graded = EvaluationDraft(
        provider="openai", model="gpt-5", task_type="drafting", complexity="simple",
        set_name="replies", graded=300, passed=291, grader="panel", evaluated_on=AT.date(),
    )  # fmt: skip
    record_evaluations(drafts=[graded], by=cast.ed, at=AT)
    return cast


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    scene: Cast, page: Page, theme: str, in_theme: Check, assert_no_violations: Check
) -> None:
    in_theme(theme)  # type: ignore[arg-type]
    sign_in(page, "fiona")
    for path in PAGES:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert_no_violations(page)


def test_no_page_is_wider_than_a_phone(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.set_viewport_size({"width": 390, "height": 800})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_finance_agrees_to_a_tier_that_somebody_else_asked_for(scene: Cast, page: Page) -> None:
    sign_in(page, "fiona")
    page.goto("/models/hierarchy/")
    page.get_by_role("button", name="Agree").click()

    expect(page.get_by_text("gpt-5: mid to frontier: approved.")).to_be_visible()
    row = page.get_by_role("row", name="gpt-5").first
    expect(row).to_contain_text("Frontier")
