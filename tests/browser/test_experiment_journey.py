"""An experiment from the idea to its end: asked, granted less, measured, gated, stopped.

The clock is the test's own, so that seven weeks pass; calls and results come in over REST,
people decide in a browser, and what beat would do is called as beat calls it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from budgets import tasks
from budgets.models import Initiative
from finops.periods import ONE_DAY
from ingestion.models import OutcomeTerms
from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from ingestion.operations.prices import OwnPrices, set_prices
from org.operations.tokens import issue_token
from policy.models import Tier
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.requirements import Label, Required, label_workflow, require_quality
from tests.browser.test_budget_pages import decide, sign_in
from tests.factories.budgets import granted_budget, pool_of, running
from tests.factories.outcomes import defined
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BEGUN = datetime(2026, 8, 3, 9, 0, tzinfo=UTC)
AUDITED, SWITCHED, PASSED = date(2026, 8, 24), date(2026, 8, 25), date(2026, 9, 8)
PAGE = "/initiatives/draft-answers/"
# 1,500 tokens in and 400 out: $0.035 a call on fable, $0.0105 on sonnet.
PRICES = {
    "fable": {"in_text": Decimal(10), "out_text": Decimal(50)},
    "sonnet": {"in_text": Decimal(3), "out_text": Decimal(15)},
}
CALLS_A_DAY, RESULTS_A_DAY = 20, 8


class Clock:
    """What time it is for everybody; it stands until somebody moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move_to(self, day: date) -> None:
        self.at = datetime.combine(day, BEGUN.timetz())

    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(BEGUN)
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def scene(transactional_db: None, clock: Clock) -> Cast:
    """Let the company know its models, what a good answer is, and what a result is."""
    cast = gather()
    granted_budget(cast, at=clock.at)
    for model, usd in PRICES.items():
        set_prices(draft=OwnPrices("acme", model, usd), by=cast.fiona, at=clock.at)
    tiers = {"fable": Tier.FRONTIER, "sonnet": Tier.MID}
    rankings = [Ranking(provider="acme", model=name, tier=tier) for name, tier in tiers.items()]
    rank_models(rankings=rankings, reason="By price.", by=cast.ed, at=clock.at)
    required = Required(risk="low", required=Decimal("0.93"))
    require_quality(required=required, reason="As good as people.", by=cast.carl, at=clock.at)
    label = Label(
        workflow="answers", task_type="drafting", complexity="simple", risk="low", latency="sync"
    )
    label_workflow(label=label, reason="Its owner says so.", by=cast.ed, at=clock.at)
    defined(
        cast,
        at=clock.at,
        workflows=["answers"],
        minutes_saved=Decimal(4),
        minutes_basis=OutcomeTerms.Basis.TIMED,
        loaded_usd_per_hour=Decimal(32),
        review_usd=Decimal(0),
        rework_usd=Decimal(0),
        platform_usd_per_month=Decimal(0),
    )
    return cast


@pytest.fixture
def router(scene: Cast, live_server: LiveServer, clock: Clock) -> Iterator[httpx.Client]:
    """Return what reports calls and results, with a token of its own."""
    scopes = ["usage:write", "imports:write"]
    ends = clock.at + timedelta(days=90)
    _, secret = issue_token(
        user=scene.ed, name="router", scopes=scopes, expires_at=ends, by=scene.ed, at=clock.at
    )
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{live_server.url}/api/v1"
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


def test_seven_weeks_of_an_experiment(
    scene: Cast, clock: Clock, router: httpx.Client, page: Page
) -> None:
    grant_less_after_a_question(page, clock)
    other = running(
        scene,
        at=clock.at,
        name="Claims triage",
        match=[{"workflow": "triage"}],
        starts_on=BEGUN.date(),
        ends_on=date(2026, 9, 20),
    )
    assert pool_of(scene) == Decimal("340.00")

    work(router, clock, until=AUDITED, model="fable")
    pass_gate_one(page, clock)
    defer_gate_two(scene, clock, page)
    work(router, clock, until=PASSED, model="sonnet")
    pass_gate_two(page, clock)

    overspend(router, clock)
    stop_by_loss(scene, page)
    refuse_more_time(page, clock)
    return_the_rest(scene, clock, router, page)
    assert Initiative.objects.get(pk=other.pk).state == "expired"


def grant_less_after_a_question(page: Page, clock: Clock) -> None:
    sign_in(page, "grace")
    page.goto("/initiatives/new/")
    for label, text in {
        "Name": "Draft answers",
        "Hypothesis": "Drafted answers halve the time a ticket takes.",
        "Cap": "100",
        "Daily cap": "15",
        "First day": "2026-08-03",
        "End date": "2026-09-25",
        "Its calls": "workflow=answers",
        "Stop-loss, percent of the cap": "50",
        "Unit of work": "ticket",
        "Outcome source": "ticket-answered",
        "Expected outcomes": "5000",
    }.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Unit", exact=True).select_option("support")
    page.get_by_role("button", name="Save and ask for approval").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Draft answers")

    sign_in(page, "carl")
    decide(page, "Experiment Draft answers")
    page.get_by_label("Reason or question").fill("Who reads the answers before they go out?")
    page.get_by_role("button", name="Ask a question").click()

    sign_in(page, "grace")
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("Who reads the answers before they go out?")
    page.get_by_role("button", name="Submit").click()

    sign_in(page, "carl")
    decide(page, "Experiment Draft answers")
    page.get_by_text("Approve less…").click()
    page.get_by_label("Cap", exact=True).fill("60")
    page.locator("#id_grant-reason").fill("One team is enough to learn from.")
    page.get_by_role("button", name="Approve less").click()
    let_it_take_effect(clock)
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("$60.00")


def work(router: httpx.Client, clock: Clock, *, until: date, model: str) -> None:
    """Let every day up to `until` make its calls and tell its results."""
    day = clock.at.date()
    while day < until:
        clock.move_to(day)
        clock.wait(8 * 3600)
        push(router, clock, model=model, calls=CALLS_A_DAY)
        tell(router, clock)
        day += ONE_DAY
    clock.move_to(until)


def push(router: httpx.Client, clock: Clock, *, model: str, calls: int, **more: str) -> None:
    records = [
        {
            "id": f"{clock.at:%m%d%H}-{more}-{number}",
            "started_at": (clock.at - timedelta(minutes=5)).isoformat(),
            "provider": "acme",
            "model": model,
            "workflow": "answers",
            "tokens": {"in_text": 1_500, "out_text": 400},
        }
        | more
        for number in range(calls)
    ]
    answer = router.post("/usage", json=records).raise_for_status().json()
    assert answer["accepted"] == calls


def tell(router: httpx.Client, clock: Clock) -> None:
    records = [
        {
            "id": f"{clock.at:%m%d}-{number}",
            "workflow": "answers",
            "at": (clock.at - timedelta(minutes=1)).isoformat(),
            "outcome": "success",
        }
        for number in range(RESULTS_A_DAY)
    ]
    answer = router.post("/outcomes", json=records).raise_for_status().json()
    assert answer["accepted"] == RESULTS_A_DAY


def pass_gate_one(page: Page, clock: Clock) -> None:
    """Sixteen days are final: 320 calls and 128 results, whose 512 minutes count 70 %."""
    sign_in(page, "grace")
    take(page, 1, "Gather", definition="Ticket answered")
    expect(criterion(page, 1, "The loaded cost lies below")).to_contain_text("$11.20")
    expect(criterion(page, 1, "The loaded cost lies below")).to_contain_text("$191.15")
    take(page, 1, "Submit")
    for username in ("carl", "fiona"):
        sign_in(page, username)
        take(page, 1, "Sign")
        let_it_take_effect(clock)
    page.goto(f"{PAGE}gates/")
    expect(page.locator("main")).to_contain_text("1 of 5 gates passed")


def defer_gate_two(scene: Cast, clock: Clock, page: Page) -> None:
    """Defer it: the flagship does what sonnet can, at three tenths of the price."""
    for model, passed in (("fable", 293), ("sonnet", 291)):
        grade(scene, clock, model=model, passed=passed)
    sign_in(page, "grace")
    take(page, 2, "Gather")
    # 21 days of 20 calls: $14.70 on fable, $4.41 on sonnet.
    expect(criterion(page, 2, "Avoidable spend")).to_contain_text(
        "$10.29 of $14.70 is avoidable, 70.0%"
    )
    take(page, 2, "Submit")
    expect(page.locator("#gate-2")).to_contain_text("Deferred until")
    expect(page.locator("#gate-2")).to_contain_text("Let answers run on sonnet instead of fable.")


def pass_gate_two(page: Page, clock: Clock) -> None:
    sign_in(page, "grace")
    take(page, 2, "Gather", since=SWITCHED.isoformat())
    expect(criterion(page, 2, "Avoidable spend")).to_contain_text("It holds.")
    take(page, 2, "Submit")
    sign_in(page, "ed")
    take(page, 2, "Sign")
    let_it_take_effect(clock)
    page.goto(f"{PAGE}gates/")
    expect(page.locator("main")).to_contain_text("2 of 5 gates passed")


def grade(scene: Cast, clock: Clock, *, model: str, passed: int) -> None:
    draft = EvaluationDraft(
        provider="acme",
        model=model,
        task_type="drafting",
        complexity="simple",
        set_name="Tickets of July",
        graded=300,
        passed=passed,
        grader="Two people of Support",
        evaluated_on=clock.at.date(),
    )
    record_evaluations(drafts=[draft], by=scene.ed, at=clock.at)


def overspend(router: httpx.Client, clock: Clock) -> None:
    """To $14.70 and $3.15 come $12.60 of a loop on the flagship: $30.45, half of the cap."""
    clock.wait(3600)
    push(router, clock, model="fable", calls=360)
    tasks.sweep()


def stop_by_loss(scene: Cast, page: Page) -> None:
    sign_in(page, "grace")
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("Stopped. It used $30.45 of $60.00")
    assert pool_of(scene) == Decimal("369.55")
    expect(page.locator("main")).to_contain_text("It has ended")
    expect(page.get_by_role("button", name="Ask for more time")).to_have_count(0)


def refuse_more_time(page: Page, clock: Clock) -> None:
    """Let what still runs ask for more time, and not get it."""
    page.goto("/initiatives/claims-triage/")
    page.get_by_text("Ask for more time…").click()
    page.get_by_label("End date asked for").fill("2026-10-15")
    page.locator("#reason-extend").fill("The second team joined late.")
    page.get_by_role("button", name="Ask for more time").click()
    expect(page.locator("main")).to_contain_text("instead of 20 Sep 2026")

    sign_in(page, "carl")
    decide(page, "Claims triage until 15 Oct 2026 instead of 20 Sep 2026")
    page.get_by_label("Reason").fill("Nothing was learned yet.")
    page.get_by_role("button", name="Refuse more time").click()
    let_it_take_effect(clock)
    page.goto("/initiatives/claims-triage/")
    expect(page.locator("main")).to_contain_text("Refused more time by Carl")


def return_the_rest(scene: Cast, clock: Clock, router: httpx.Client, page: Page) -> None:
    """Ten calls of $0.035 were all that the second one used of its $100."""
    push(router, clock, model="fable", calls=10, workflow="triage")
    clock.move_to(date(2026, 9, 20))
    tasks.sweep()

    assert pool_of(scene) == Decimal("469.20")  # $500.00 less $30.45 and $0.35
    sign_in(page, "carl")
    page.goto("/initiatives/claims-triage/")
    expect(page.locator("main")).to_contain_text("It used $0.35 of $100.00")


def let_it_take_effect(clock: Clock) -> None:
    clock.wait(11)
    tasks.carry_out()


def criterion(page: Page, number: int, label: str) -> Any:
    return page.locator(f"#gate-{number} tr", has_text=label)


def take(page: Page, number: int, step: str, *, definition: str = "", since: str = "") -> None:
    """Take a step of a gate on its page, opening the form where it has one."""
    page.goto(f"{PAGE}gates/")
    gate = page.locator(f"#gate-{number}")
    opener = gate.locator("summary", has_text=step)
    if opener.count():
        opener.click()
    if definition:
        gate.get_by_label("What counts as a result").select_option(label=definition)
    if since:
        gate.get_by_label("Calls from this day on").fill(since)
    gate.get_by_role("button", name=step, exact=False).last.click()
    page.wait_for_load_state()
