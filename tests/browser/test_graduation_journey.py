"""An experiment that becomes core and does not stay there: lived day by day, signed on a phone.

Gates 1 to 3 have passed. Every day calls and results come in over REST and what beat would do
is called as beat calls it; people note, look and sign in a browser, the CFO on a phone.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from budgets import tasks
from budgets.models import Budget, Graduation, Initiative
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from finops.periods import ONE_DAY
from ingestion.operations.slices import forget_slices
from org.models import Role
from org.operations.tokens import issue_token
from policy import tasks as policy_tasks
from tests.browser.test_budget_pages import sign_in
from tests.browser.test_experiment_journey import Clock
from tests.factories.budgets import granted_budget, ledger_total, running
from tests.factories.gates import gate_of
from tests.factories.graduations import graduation_gates, pass_first_gates
from tests.factories.org import new_user
from tests.factories.outcomes import defined
from tests.org_cast import Cast, gather

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BEGUN = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
OVER, NOTHING = date(2026, 4, 9), date(2026, 4, 20)
SIGNED, CORE = date(2026, 5, 18), date(2026, 6, 1)
PAGE = "/initiatives/draft-answers/"
PIECES = 8
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(BEGUN)
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def scene(transactional_db: None, clock: Clock) -> Iterator[Cast]:
    """Let the experiment run, and its first three gates have passed on its first day."""
    forget_slices()
    cast = gather()
    head = new_user(username="hugo", person__name="Hugo")
    head.memberships.create(role=Role.GM, unit=cast.support)
    granted_budget(cast, core="5000.00", pool="2000.00", reserve="4000.00", at=clock.at)
    with graduation_gates():
        initiative = running(
            cast,
            at=clock.at,
            name="Draft answers",
            match=[{"workflow": "answers"}],
            cap_usd=Decimal("1500.00"),
            daily_cap_usd=Decimal("15.00"),
            starts_on=BEGUN.date(),
            ends_on=date(2026, 6, 30),
        )
        definition = defined(
            cast,
            at=clock.at,
            workflows=["answers"],
            minutes_saved=Decimal(30),
            minutes_basis="timed",
            loaded_usd_per_hour=Decimal(60),
            review_usd=Decimal(0),
            rework_usd=Decimal(0),
            platform_usd_per_month=Decimal(0),
        )
        erin = new_user(username="erin", person__name="Erin", roles=[Role.ENGINEER])
        pass_first_gates(cast, initiative, definition, erin, at=clock.at)
        yield cast
    forget_slices()


@pytest.fixture
def router(scene: Cast, live_server: LiveServer, clock: Clock) -> Iterator[httpx.Client]:
    """Return what reports calls and results, with a token of its own."""
    _, secret = issue_token(
        user=scene.ed,
        name="router",
        scopes=["usage:write", "imports:write"],
        expires_at=clock.at + timedelta(days=300),
        by=scene.ed,
        at=clock.at,
    )
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{live_server.url}/api/v1"
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, viewport=PHONE, has_touch=True)
    yield context.new_page()
    context.close()


def test_from_the_baseline_into_core_and_out_of_it_again(
    scene: Cast, clock: Clock, router: httpx.Client, page: Page, phone: Page
) -> None:
    live(router, clock, until=date(2026, 4, 30), spent={OVER: "16.00", NOTHING: None})
    the_strip_tells(page)
    live(router, clock, until=SIGNED)
    pass_the_baseline(page, clock)
    propose(page)
    sign_on_a_phone(phone, page, clock)
    money_moved(scene)
    live(router, clock, until=date(2026, 7, 8), monthly={6: "14.00", 7: "14.00"})
    one_bad_month(page)
    live(router, clock, until=date(2026, 8, 8), monthly={7: "14.00", 8: "14.00"})
    on_probation(page)
    live(router, clock, until=date(2026, 9, 20), monthly={8: "14.00", 9: "14.00"})
    demoted(scene, page)


def live(
    router: httpx.Client,
    clock: Clock,
    *,
    until: date,
    spent: dict[date, str | None] | None = None,
    monthly: dict[int, str] | None = None,
) -> None:
    """Let every day up to `until` begin, be used and be looked at; $10 a day unless it is said."""
    day = clock.at.date()
    while day < until:
        clock.move_to(day)
        look()
        usual = (monthly or {}).get(day.month, "10.00")
        usd = (spent or {}).get(day, usual)
        clock.wait(8 * 3600)
        if usd is not None:
            use(router, clock, Decimal(usd))
        look()
        day += ONE_DAY
    clock.move_to(until)
    look()


def look() -> None:
    """Do what beat does: every minute, and once a night."""
    policy_tasks.sweep()
    tasks.sweep()
    tasks.sweep_core()
    tasks.watch_gates()
    tasks.watch_core()


def use(router: httpx.Client, clock: Clock, usd: Decimal) -> None:
    calls = [
        {
            "id": f"{clock.at:%m%d}-{number}",
            "started_at": (clock.at - timedelta(minutes=5)).isoformat(),
            "provider": "acme",
            "model": "fable",
            "workflow": "answers",
            "task": f"ticket-{clock.at:%m%d}-{number}",
            "tokens": {"in_text": 1_500, "out_text": 400},
            "cost_usd": f"{usd / PIECES:f}",
        }
        for number in range(PIECES)
    ]
    results = [
        {
            "id": call["id"],
            "workflow": "answers",
            "task": call["task"],
            "at": (clock.at - timedelta(minutes=1)).isoformat(),
            "outcome": "success",
        }
        for call in calls
    ]
    for path, records in (("/usage", calls), ("/outcomes", results)):
        answer = router.post(path, json=records).raise_for_status().json()
        assert answer["accepted"] == PIECES, answer


def the_strip_tells(page: Page) -> None:
    """One day over the cap began the run anew, one day without a call is paused."""
    sign_in(page, "grace")
    page.goto(f"{PAGE}baseline/")
    sentence = page.locator("main .sentence").first
    expect(sentence).to_contain_text("18 valid days in a row, 12 to go")
    expect(sentence).to_contain_text("1 of 2 allowed paused days used")
    page.goto(f"{PAGE}baseline/?day={OVER}")
    expect(page.locator("main")).to_contain_text("over the daily cap of $15.00")


def pass_the_baseline(page: Page, clock: Clock) -> None:
    sign_in(page, "ed")
    take(page, 4, "Gather")
    take(page, 4, "Submit")
    sign_in(page, "fiona")
    take(page, 4, "Sign")
    let_it_take_effect(clock)
    assert state_of_gate(4) == "passed"


def propose(page: Page) -> None:
    """Let Ed propose: $10 a day for the 214 days from June on; the reserve pays what is left."""
    sign_in(page, "ed")
    take(page, 5, "Gather")
    gate = page.locator("#gate-5")
    # $1,500 less $466 that were used and 14 days at $15: $824 are left for core.
    expect(gate).to_contain_text("$1,316.00")
    take(page, 5, "Submit")
    assert state_of_gate(5) == "in_review"


def sign_on_a_phone(phone: Page, page: Page, clock: Clock) -> None:
    sign_in(phone, "carl")
    phone.goto("/approvals/")
    expect(phone.locator("main")).to_contain_text("Draft answers")
    take(phone, 5, "Sign")
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    let_it_take_effect(clock)
    sign_in(page, "hugo")
    take(page, 5, "Sign")
    let_it_take_effect(clock)
    assert state_of_gate(5) == "passed"


def money_moved(scene: Cast) -> None:
    graduation = Graduation.objects.get()
    assert (graduation.run_rate_usd, graduation.starts_on) == (Decimal("10.00"), CORE)
    assert graduation.core_usd == Decimal("2140.00")
    assert graduation.pool_usd + graduation.contingency_usd == Decimal("-2140.00")
    assert Budget.objects.get(unit=scene.support).core_usd == Decimal("7140.00")
    proved()


def one_bad_month(page: Page) -> None:
    """Say that June cost $1.75 a result against $1.25, and what a second such month brings."""
    assert state() == "core"
    sign_in(page, "grace")
    page.goto(f"{PAGE}core/")
    expect(page.locator("main .sentence").first).to_contain_text("+40")


def on_probation(page: Page) -> None:
    assert state() == "probation"
    sign_in(page, "grace")
    page.goto(f"{PAGE}core/")
    expect(page.locator("main")).to_contain_text("probation")


def demoted(scene: Cast, page: Page) -> None:
    """From its day on core gives back $10 for each day left of the year, and keeps the rest."""
    assert state() == "demoted"
    step = Initiative.objects.get(slug="draft-answers").steps.get(action="demote")
    days_left = (date(2027, 1, 1) - step.at.date()).days - 1
    core = Budget.objects.get(unit=scene.support).core_usd
    assert core == Decimal("7140.00") - 10 * days_left
    sign_in(page, "grace")
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("Demoted")
    proved()


def proved() -> None:
    assert ledger_total() == 0
    assert journals_sum_to_zero() is None
    assert budgets_are_what_was_granted() is None


def take(page: Page, number: int, step: str) -> None:
    """Take a step of a gate on its page, opening the form where it has one."""
    page.goto(f"{PAGE}gates/")
    gate = page.locator(f"#gate-{number}")
    opener = gate.locator("summary", has_text=step)
    if opener.count():
        opener.first.click()
    gate.get_by_role("button", name=step, exact=False).last.click()
    page.wait_for_load_state()


def let_it_take_effect(clock: Clock) -> None:
    clock.wait(11)
    tasks.carry_out()


def state() -> str:
    return Initiative.objects.get(slug="draft-answers").state


def state_of_gate(number: int) -> str:
    return gate_of(Initiative.objects.get(slug="draft-answers"), number).state
