"""The pages and the API of what runs in core, by a workload that lived five months."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from budgets.core_sentences import core_list_sentence
from budgets.models import Initiative
from budgets.operations.core_entry import enter_core_due
from budgets.operations.probations import begin_probations
from budgets.queries.core_list import core_rows
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_revisions import words
from tests.factories.core import AUGUST, OCTOBER, SEPTEMBER, final, in_core, reviewed
from tests.factories.graduations import graduated, graduation_gates, proven, second_proven
from tests.org_cast import Cast

DEAR = Decimal("540.375")  # 1.31 × 412.50
PAGE = "/initiatives/support-drafter/core/"
QUERIES = 14


@pytest.fixture
def at() -> datetime:
    return final(OCTOBER)


@pytest.fixture
def initiative(cast: Cast) -> Iterator[Initiative]:
    with graduation_gates():
        found = proven(cast)
        in_core(cast, found)
        yield found.initiative


@pytest.mark.usefixtures("initiative")
def test_a_workload_without_a_whole_month_yet_is_shown_beside_its_baseline(
    cast: Cast, as_user: SignIn
) -> None:
    listed = words(as_user(cast.aud).get("/core/").content)

    says = "1 workload runs in core: $412.50 funded a day; what it costs now is not known yet"
    assert says in listed
    assert "– $51.56" in listed


def test_a_workload_is_shown_with_its_months_and_what_follows(
    cast: Cast, as_user: SignIn, initiative: Initiative, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed(cast, {AUGUST: Decimal("412.50"), SEPTEMBER: DEAR})
    aud = as_user(cast.aud)

    page, listed = words(aud.get(PAGE).content), words(aud.get("/core/").content)

    assert (
        "In core since 1 Aug 2026: $540.38 a day against $412.50 signed; a ticket costs $67.55"
        " against $51.56. FY2026 P9 was bad: a result cost more than a quarter above its baseline"
        " (+31.0%). A second bad month in a row puts it on probation."
    ) in page
    assert "Out of control" in page
    assert "In FY2027's budget of Support: no, none is granted yet; it needs $150,562.50" in page
    assert "FY2026 P8 $412.50 $391.88 $412.50 $433.13 Within" in page
    assert "1 workload runs in core: $540.38 against $412.50 funded a day" in listed
    assert "$67.55 +31.0% of $51.56" in listed
    assert "Overdue: gates 1, 2, 3" in listed  # ninety days since June are over

    answer = aud.get("/api/v1/initiatives/support-drafter/core").json()
    [row] = aud.get("/api/v1/core").json()

    assert [each["verdict"] for each in answer["months"]] == ["good", "bad"]
    assert answer["today"] == row
    assert (row["signed_usd"], row["verdicts"]) == ("412.50", ["good", "bad"])
    assert sum(Decimal(each["usd"]) for each in answer["money"]) == Decimal("63112.50")
    lines = aud.get("/core/?format=csv").getvalue().decode().splitlines()
    assert lines[1].startswith("support-drafter,Support,2026-08-01,412.50")


def test_a_probation_counts_down(cast: Cast, as_user: SignIn, initiative: Initiative) -> None:
    reviewed(cast, {AUGUST: DEAR, SEPTEMBER: DEAR})
    begin_probations(at=final(OCTOBER))

    page = words(as_user(cast.grace).get(PAGE).content)
    listed = words(as_user(cast.grace).get("/core/?unit=support").content)

    assert "It is on probation until 5 Nov 2026, 30 days from now, and then judged." in page
    assert "30 days left" in listed
    assert as_user(cast.stan).get(PAGE).status_code == 404
    assert "Nothing runs in core yet" in words(as_user(cast.stan).get("/core/").content)
    assert as_user(cast.greta).get("/core/?unit=support").status_code == 404


def test_the_request_of_the_next_year_is_told_what_core_needs(
    cast: Cast, as_user: SignIn, initiative: Initiative
) -> None:
    given = {"unit": "support", "fiscal_year": "2027", "core_usd": "1", "experiment_usd": "1"}

    told = words(
        as_user(cast.grace)
        .post("/budgets/new/", given | {"phasing": "even", "do": "preview"})
        .content
    )
    now = words(as_user(cast.grace).get("/budgets/new/?unit=support").content)

    assert "What runs in core of Support needs $150,562.50 of FY2027: Support drafter" in told
    assert "What runs in core" not in now


def test_the_list_asks_as_often_for_two_workloads_as_for_one(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with graduation_gates():
        first = proven(cast, pool="80000.00", reserve="120000.00")
        second = second_proven(cast, first)
        in_core(cast, first)
        graduated(cast, second)
        enter_core_due(at=final(AUGUST))

    for slug, count in (("support-drafter", 1), (None, 2)):
        with django_assert_num_queries(QUERIES):
            rows = core_rows(user=cast.aud, on=SEPTEMBER, slug=slug)
            told = core_list_sentence(rows)
        assert len(rows) == count

    assert told == (
        "2 workloads run in core: $532.50 funded a day; what it costs now is not known yet;"
        " 2 with a check"
        " overdue."
    )
