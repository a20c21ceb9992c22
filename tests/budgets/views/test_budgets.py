"""Pages of budgets: the year's table, asking for one, one budget."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import Budget
from org.operations.calendar import open_fiscal_year
from tests.budgets.conftest import SignIn
from tests.factories.budgets import asked_budget, granted_budget, running, spend
from tests.factories.org import new_unit
from tests.org_cast import Cast

TYPED = {
    "unit": "support",
    "fiscal_year": "2026",
    "core_usd": "1000.00",
    "experiment_usd": "500.00",
    "phasing": "even",
    "note": "As planned.",
}


def test_a_year_without_budgets_says_so_and_offers_to_ask(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    page = as_user(cast.grace).get("/budgets/").content.decode()

    assert "No budget for FY2026 yet" in page
    assert 'href="/budgets/new/"' in page


def test_the_table_shows_each_unit_in_sight_with_its_sentence(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, at=at)
    spend(cast.support, at.date(), "250.00")

    of_carl = as_user(cast.carl).get("/budgets/").content.decode()
    of_greta = as_user(cast.greta).get("/budgets/").content.decode()

    assert "No day of spending is known yet, so nobody can say when it runs out." in of_carl
    assert "Operations" in of_carl
    assert "Support" not in of_greta


def test_the_grid_shows_every_period_of_the_units_in_sight(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, core="3650.00", at=at)
    spend(cast.support, at.date(), "150.00")

    of_carl = as_user(cast.carl).get("/budgets/periods/").content.decode()
    of_greta = as_user(cast.greta).get("/budgets/periods/?fy=2026").content.decode()

    assert "50.0%" in of_carl
    assert 'title="$150.00 used of $300.00 planned"' in of_carl
    assert 'title="Nothing is known yet of $310.00 planned"' in of_carl
    assert "Support" not in of_greta


def test_the_grid_of_a_year_that_is_not_open_says_so(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.carl).get("/budgets/periods/?fy=1999").content.decode()

    assert "No budget for FY1999 yet" in page


def test_a_request_that_waits_is_said_and_counts_for_nothing(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    asked_budget(cast, at=at)

    page = as_user(cast.carl).get("/budgets/").content.decode()

    assert "Requested" in page
    assert "Asks $1,000.00 core, $500.00 pool" in page
    assert "Runs out" not in page


def test_what_a_parent_passed_on_stands_beside_what_is_free(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, unit=cast.operations, core="5000.00", pool="900.00", at=at)
    granted_budget(cast, at=at)
    running(cast, at=at)

    page = re.sub(r"\s+", " ", as_user(cast.carl).get("/budgets/").content.decode())

    # granted = passed on + committed + free
    pools = [re.findall(r">([^<>]*)</td>", row)[-4:] for row in page.split("<tr>")]
    assert ["$900.00", "$500.00", "$0.00", "$400.00"] in pools
    assert ["$500.00", "$0.00", "$100.00", "$400.00"] in pools


def test_the_present_year_is_the_first_tab(cast: Cast, at: datetime, as_user: SignIn) -> None:
    open_fiscal_year(fiscal_year=2025, at=at)
    open_fiscal_year(fiscal_year=2027, at=at)

    page = as_user(cast.carl).get("/budgets/?fy=2027").content.decode()

    assert re.findall(r'class="tab" href="\?fy=(\d+)"', page) == ["2026", "2027", "2025"]


@pytest.mark.parametrize("asked", ["2027", "1999", "soon", "99999"])
def test_any_year_may_be_asked_for(cast: Cast, at: datetime, as_user: SignIn, asked: str) -> None:
    assert as_user(cast.carl).get(f"/budgets/?fy={asked}").status_code == 200


def test_the_table_takes_as_many_questions_for_three_rows_as_for_one(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    client = as_user(cast.carl)
    counts = []
    for name in ("One", "Two", "Three"):
        granted_budget(cast, unit=new_unit(name, parent=cast.support), at=at)
        with CaptureQueriesContext(connection) as asked:
            client.get("/budgets/")
        counts.append(len(asked))

    assert counts[2] == counts[1] == counts[0]


def test_a_budget_is_asked_for_by_its_form(cast: Cast, at: datetime, as_user: SignIn) -> None:
    answer = as_user(cast.grace).post("/budgets/new/", TYPED, follow=True)

    assert Budget.objects.get().state == "requested"
    assert "Grace asked for $1,000.00 core and $500.00 for experiments" in answer.content.decode()


def test_what_cannot_be_asked_is_said_in_its_field_and_kept(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    granted_budget(cast, unit=cast.operations, core="900.00", pool="500.00", at=at)

    answer = as_user(cast.grace).post("/budgets/new/", TYPED)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Operations has $900.00 left to pass on: $100.00 less than asked." in page
    assert 'value="1000.00"' in page


def test_who_may_not_ask_gets_403_and_who_may_not_see_404(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)

    assert as_user(cast.aud).get("/budgets/new/").status_code == 403
    assert as_user(cast.greta).get(f"/budgets/{budget.pk}/").status_code == 404


def test_one_budget_shows_its_sentence_its_ledger_and_its_history(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)

    page = as_user(cast.grace).get(f"/budgets/{budget.pk}/").content.decode()

    assert "$1,000.00 left of $1,000.00; no day of spending is known yet" in page
    assert "−$1,500.00" in page
    assert "Approved" in page
    assert f'data-chart-src="/charts/budgets/{budget.pk}.json?method=best"' in page


def test_a_budget_is_withdrawn_by_its_form(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = asked_budget(cast, by=cast.grace, at=at)

    as_user(cast.grace).post(f"/budgets/{budget.pk}/withdraw/", {"version": budget.version})

    assert Budget.objects.get().state == "withdrawn"


def test_nobody_approves_her_own_on_the_page_either(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = asked_budget(cast, by=cast.carl, at=at)
    client = as_user(cast.carl)

    page = client.get(f"/budgets/{budget.pk}/").content.decode()
    answer = client.post(f"/budgets/{budget.pk}/approve/", {"version": budget.version})

    assert "You asked for this yourself: another person has to decide." in page
    assert answer.status_code == 403
    assert Budget.objects.get().state == "requested"


def test_a_form_without_its_version_is_refused(cast: Cast, at: datetime, as_user: SignIn) -> None:
    budget = asked_budget(cast, at=at)

    answer = as_user(cast.carl).post(f"/budgets/{budget.pk}/approve/", {})

    assert answer.status_code == 422


def test_the_plan_is_seen_before_it_is_asked_for(cast: Cast, at: datetime, as_user: SignIn) -> None:
    typed = TYPED | {"core_usd": "2000.00", "phasing": "weights"}
    typed |= {"phasing_weights": "1 1 1 1 1 1 1 1 1 1 4 6", "do": "preview"}

    answer = as_user(cast.grace).post("/budgets/new/", typed)

    page = re.sub(r"\s+", " ", answer.content.decode())
    assert answer.status_code == 200
    assert not Budget.objects.exists()
    assert 'FY2026 P1</th><td class="num">$100.00</td>' in page
    assert 'FY2026 P12</th><td class="num">$600.00</td>' in page
    assert "As planned." in page


def test_htmx_gets_the_form_with_its_plan(cast: Cast, at: datetime, as_user: SignIn) -> None:
    typed = TYPED | {"phasing": "working", "do": "preview"}

    answer = as_user(cast.grace).post("/budgets/new/", typed, headers={"HX-Request": "true"})

    assert answer.content.decode().startswith('<form id="budget-form"')
    assert "FY2026 P12" in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"phasing": "weights", "phasing_weights": "1 1 x"},
            "Weight 3 must be a number of zero or more, with at most six decimals, not “x”.",
        ),
        (
            {"phasing": "weights", "phasing_weights": "1 1 2"},
            "FY2026 has 12 periods, so it needs 12 weights; there are 3.",
        ),
        ({"phasing": "seasonal"}, "FY2025 was never opened. Choose another phasing."),
        ({"phasing": "lunar"}, "lunar is not one of the available choices."),
    ],
)
def test_a_phasing_that_does_not_hold_is_said_at_its_field_and_nothing_is_lost(
    cast: Cast,
    at: datetime,
    as_user: SignIn,
    changes: dict[str, str],
    sentence: str,
) -> None:
    for press in ({}, {"do": "preview"}):
        answer = as_user(cast.grace).post("/budgets/new/", TYPED | changes | press)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert page.count(sentence) == 2  # in the summary, and at the field
        assert "As planned." in page
    assert not Budget.objects.exists()


def test_a_budget_shows_its_plan_by_period(cast: Cast, at: datetime, as_user: SignIn) -> None:
    as_user(cast.grace).post("/budgets/new/", TYPED | {"phasing": "working"})

    page = as_user(cast.carl).get(f"/budgets/{Budget.objects.get().pk}/").content.decode()

    assert "By working days, Monday to Friday. The plan is of the core money" in page
    assert "FY2026 P12" in page


def test_the_page_offers_each_method_with_its_error_and_keeps_the_one_that_is_asked_for(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    for back in range(1, 41):
        spend(cast.support, at.date() - timedelta(days=back), "5.00")
    client = as_user(cast.carl)

    best = client.get(f"/budgets/{budget.pk}/").content.decode()
    weighted = client.get(f"/budgets/{budget.pk}/?method=weighted").content.decode()
    unknown = client.get(f"/budgets/{budget.pk}/?method=oracle").content.decode()

    offered = re.findall(r'class="tab" href="(\?method=\w+)"( aria-current="page")?', best)
    assert offered == [
        ("?method=best", ' aria-current="page"'),
        ("?method=run_rate", ""),
        ("?method=weighted", ""),
        ("?method=seasonal", ""),
    ]
    assert "0.0% off" in best
    assert 'href="?method=weighted" aria-current="page"' in weighted
    assert f"/charts/budgets/{budget.pk}.json?method=weighted" in weighted
    assert "Tried on the last 40 days, it missed the total of 7 days by 0.0%" in weighted
    assert 'href="?method=best" aria-current="page"' in unknown


def test_the_table_beside_the_chart_says_when_how_much_is_used(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, core="400.00", at=at)
    for back in range(1, 22):
        spend(cast.support, at.date() - timedelta(days=back), "10.00")

    page = as_user(cast.carl).get(f"/budgets/{budget.pk}/").content.decode()

    table = page.split('id="thresholds"')[0]  # those are named further down
    assert re.findall(r'<th scope="row" class="num">(\d+%)</th>.*?<td>([^<]*)</td>', table) == [
        ("50%", "18 Nov 2026"),
        ("75%", "28 Nov 2026, expected"),
        ("90%", "4 Dec 2026, expected"),
        ("100%", "8 Dec 2026, expected"),
    ]
    assert "It burns faster than planned." in page
    assert "Burns fast" in as_user(cast.carl).get("/budgets/").content.decode()


def test_a_year_that_is_over_forecasts_nothing(cast: Cast, at: datetime, as_user: SignIn) -> None:
    open_fiscal_year(fiscal_year=2025, at=at)
    budget = granted_budget(cast, pool="100.00", fiscal_year=2025, at=at.replace(year=2025))
    for back in range(1, 41):
        spend(cast.support, at.date() - timedelta(days=back), "5.00")

    page = as_user(cast.carl).get(f"/budgets/{budget.pk}/").content.decode()

    assert "$1,000.00 left of $1,000.00.</p>" in page
    assert "forecast." not in page
    assert "Method of the forecast" not in page


def test_too_little_history_is_said_and_draws_no_conclusion(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    budget = granted_budget(cast, at=at)
    for back in range(1, 6):
        spend(cast.support, at.date() - timedelta(days=back), "5.00")

    page = as_user(cast.carl).get(f"/budgets/{budget.pk}/").content.decode()

    assert "too little history to say when it runs out: 5 days." in page
    assert "Low confidence: 5 of the fourteen days" in page
    assert "?method=" not in page.replace(".json?method=run_rate", "")
