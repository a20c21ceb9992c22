"""The explorer: what it groups adds up, and nobody sees what is not theirs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.periods import Period
from ingestion.models import CostStatus, SpendChange
from ingestion.queries.attributes import ATTRIBUTES
from ingestion.queries.explorer import Explored, Totals, explore
from org.models import CostObject, FiscalPeriod, Membership, Person, Role, Unit, User
from org.refusals import Invalid
from tests.factories.ingestion import assign, book, new_slice

pytestmark = pytest.mark.django_db

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def unit(slug: str, parent: Unit | None = None) -> Unit:
    made = Unit.objects.create(slug=slug, name=slug.title(), parent=parent, path=slug)
    made.path = f"{parent.path if parent else ''}{made.pk}/"
    made.save()
    return made


def member(name: str, role: Role, of: Unit | None = None) -> User:
    person = Person.objects.create(name=name.title(), email=f"{name}@example.com")
    user = User.objects.create(username=name, email=f"{name}@example.com", person=person)
    Membership.objects.create(user=user, role=role, unit=of)
    return user


@pytest.fixture
def company() -> Unit:
    return unit("company")


@pytest.fixture
def support(company: Unit) -> Unit:
    return unit("support", company)


@pytest.fixture
def claims(company: Unit) -> Unit:
    return unit("claims", company)


@pytest.fixture
def carl() -> User:
    return member("carl", Role.CFO)


@pytest.fixture
def fiona() -> User:
    return member("fiona", Role.FINANCE)


@pytest.fixture
def ledger(support: Unit, claims: Unit) -> None:
    """Two units, an initiative, unallocated spend, unpriced calls; eleven dollars in all."""
    drafter = CostObject.objects.create(slug="drafter", name="Drafter", unit=support)
    ana = new_slice(person="ana@x", workflow="reply", key="k1", tags={"team": "cx"})
    assign(ana, support)
    book(ana, FIRST, "1.00", list_usd="2.00", tokens=(100, 20))
    book(ana, SECOND, "2.00", list_usd="4.00")
    draft = new_slice(person="ben@x", workflow="draft", key="k1", model="gpt-5-mini")
    assign(draft, support, drafter)
    book(draft, FIRST, "0.50", calls=5)
    claim = new_slice(person="ben@x", provider="anthropic", model="claude", key="k2")
    assign(claim, claims)
    book(claim, SECOND, "4.25", status=CostStatus.STATED)
    book(claim, SECOND, "0", status=CostStatus.UNPRICED, calls=3)
    stray = new_slice(person="", workflow="reply", key="")
    assign(stray, None)
    book(stray, SECOND, "3.25")
    book(stray, SECOND - timedelta(days=30), "99.00")


def values(answer: Explored, *names: str) -> dict[object, object]:
    keyed = [(tuple(row[name] for name in names), row["value"]) for row in answer.rows]
    return {key[0] if len(names) == 1 else key: value for key, value in keyed}


def test_spend_by_unit_names_unallocated_beside_the_units(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, group_by=["unit"])

    assert values(answer, "unit") == {
        "support": Decimal("3.50"),
        "claims": Decimal("4.25"),
        "unallocated": Decimal("3.25"),
    }
    assert answer.totals == Totals(Decimal("11.00"), calls=12, tokens=195, unpriced_calls=3)


def test_the_biggest_group_comes_first(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, group_by=["model"])

    assert [row["model"] for row in answer.rows] == ["gpt-5", "claude", "gpt-5-mini"]


def test_every_cost_status_is_named_with_its_share(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER)

    assert [(s.status, s.value, s.calls) for s in answer.statuses] == [
        (CostStatus.UNPRICED, None, 3),
        (CostStatus.ESTIMATED, Decimal("6.75"), 8),
        (CostStatus.STATED, Decimal("4.25"), 1),
    ]
    assert answer.rows == [{"period": None, "value": Decimal("11.00"), "unpriced_calls": 3}]


def test_a_value_that_calls_do_not_carry_is_none(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, group_by=["workflow", "tag.team"])

    assert values(answer, "workflow", "tag.team") == {
        ("reply", "cx"): Decimal("3.00"),
        ("reply", None): Decimal("3.25"),
        ("draft", None): Decimal("0.50"),
        (None, None): Decimal("4.25"),
    }


def test_a_filter_holds_where_any_of_its_values_does(ledger: None, carl: User) -> None:
    both = explore(user=carl, period=NOVEMBER, filters={"key": ["k1", "k2"]})
    without = explore(user=carl, period=NOVEMBER, filters={"key": [""]})

    assert both.totals.value == Decimal("7.75")
    assert without.totals.value == Decimal("3.25")


def test_filters_of_two_attributes_must_both_hold(ledger: None, carl: User) -> None:
    answer = explore(
        user=carl, period=NOVEMBER, filters={"key": ["k1"], "workflow": ["draft", "x"]}
    )

    assert answer.totals.value == Decimal("0.50")


def test_a_unit_filter_stands_for_everything_beneath(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, filters={"unit": ["company"]})

    assert answer.totals.value == Decimal("7.75")


def test_unallocated_is_filtered_like_a_unit(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, filters={"unit": ["unallocated"]})

    assert answer.totals.value == Decimal("3.25")


def test_core_spend_is_what_no_initiative_caused(ledger: None, carl: User) -> None:
    answer = explore(
        user=carl, period=NOVEMBER, group_by=["initiative"], filters={"unit": ["support"]}
    )

    assert values(answer, "initiative") == {None: Decimal("3.00"), "drafter": Decimal("0.50")}


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("effective", Decimal("3.50")),
        ("billed", Decimal("3.50")),
        ("list", Decimal("6.50")),
        ("calls", 7),
        ("tokens", 150),
    ],
)
@pytest.mark.parametrize("grouped", ["model", "workflow"])
def test_each_measure_reads_the_same_from_either_table(
    ledger: None, carl: User, measure: str, expected: object, grouped: str
) -> None:
    answer = explore(
        user=carl,
        period=NOVEMBER,
        measure=measure,
        group_by=[grouped],
        filters={"unit": ["support"]},
    )

    assert answer.totals.value == expected
    assert sum(row["value"] for row in answer.rows) == expected


def test_days_weeks_months_and_fiscal_periods_cut_time(ledger: None, carl: User) -> None:
    FiscalPeriod.objects.create(
        fiscal_year=2027, number=5, label="FY2027 P5", starts_on=FIRST, ends_on=date(2026, 12, 1)
    )
    autumn = Period(date(2026, 10, 1), date(2026, 12, 1))

    def cut(granularity: str) -> dict[object, object]:
        return values(explore(user=carl, period=autumn, granularity=granularity), "period")

    assert cut("day") == {
        "2026-10-03": Decimal("99.00"),
        "2026-11-01": Decimal("1.50"),
        "2026-11-02": Decimal("9.50"),
    }
    assert cut("week") == {
        "2026-09-28": Decimal("99.00"),
        "2026-10-26": Decimal("1.50"),
        "2026-11-02": Decimal("9.50"),
    }
    assert cut("month") == {"2026-10-01": Decimal("99.00"), "2026-11-01": Decimal("11.00")}
    assert cut("period") == {"outside": Decimal("99.00"), "FY2027 P5": Decimal("11.00")}


def test_a_slice_that_moved_is_booked_to_each_unit_for_its_days(
    support: Unit, claims: Unit, carl: User
) -> None:
    moved = new_slice(workflow="reply")
    assign(moved, support, days=(date(2000, 1, 1), SECOND))
    assign(moved, claims, days=(SECOND, date(2100, 1, 1)))
    book(moved, FIRST, "1.00")
    book(moved, SECOND, "2.00")

    answer = explore(user=carl, period=NOVEMBER, group_by=["unit", "workflow"])

    assert values(answer, "unit", "workflow") == {
        ("support", "reply"): Decimal("1.00"),
        ("claims", "reply"): Decimal("2.00"),
    }


def test_a_manager_sees_her_units_and_nothing_unallocated(ledger: None, support: Unit) -> None:
    grace = member("grace", Role.GM, support)

    by_unit = explore(user=grace, period=NOVEMBER, group_by=["unit"])
    by_key = explore(user=grace, period=NOVEMBER, group_by=["key"])

    assert values(by_unit, "unit") == {"support": Decimal("3.50")}
    assert values(by_key, "key") == {"k1": Decimal("3.50")}


def test_a_manager_asking_for_a_strange_unit_learns_no_more_than_that_it_is_not_hers(
    ledger: None, support: Unit
) -> None:
    grace = member("grace", Role.GM, support)

    with pytest.raises(Invalid, match="There is no unit 'claims' that you may see"):
        explore(user=grace, period=NOVEMBER, filters={"unit": ["claims"]})


def test_somebody_without_a_role_sees_nothing(ledger: None) -> None:
    stan = User.objects.create(username="stan")

    answer = explore(user=stan, period=NOVEMBER, group_by=["unit"])

    assert (answer.rows, answer.totals) == ([], Totals(Decimal(0), 0, 0, 0))


@pytest.mark.parametrize("role", [Role.FINANCE, Role.AUDITOR])
def test_finance_and_auditors_see_names(ledger: None, role: Role) -> None:
    answer = explore(user=member("reader", role), period=NOVEMBER, group_by=["person"])

    assert values(answer, "person") == {
        "ana@x": Decimal("3.00"),
        "ben@x": Decimal("4.75"),
        None: Decimal("3.25"),
    }


@pytest.mark.parametrize("role", [Role.CFO, Role.ENGINEER, Role.ADMIN])
def test_others_see_what_people_spent_without_their_names(ledger: None, role: Role) -> None:
    answer = explore(user=member("reader", role), period=NOVEMBER, group_by=["person"])

    assert values(answer, "person") == {"withheld": Decimal("7.75"), None: Decimal("3.25")}


def test_a_withheld_name_cannot_be_found_out_by_filtering(ledger: None, carl: User) -> None:
    answer = explore(user=carl, period=NOVEMBER, filters={"person": ["ana@x"]})

    assert answer.totals.calls == 0


def test_people_see_their_own_name(ledger: None) -> None:
    ben = member("ben@x", Role.ENGINEER)

    answer = explore(user=ben, period=NOVEMBER, group_by=["person"])

    assert values(answer, "person") == {
        "ben@x": Decimal("4.75"),
        "withheld": Decimal("3.00"),
        None: Decimal("3.25"),
    }


def test_a_manager_sees_the_names_of_her_own_unit_only(
    ledger: None, claims: Unit, support: Unit
) -> None:
    greta = member("greta", Role.GM, claims)
    Membership.objects.create(user=greta, role=Role.ENGINEER, unit=support)

    answer = explore(user=greta, period=NOVEMBER, group_by=["unit", "person"])

    assert values(answer, "unit", "person") == {
        ("claims", "ben@x"): Decimal("4.25"),
        ("support", "withheld"): Decimal("3.50"),
    }


def test_the_answer_says_when_the_ledger_last_changed(ledger: None, carl: User) -> None:
    when = datetime(2026, 11, 20, 6, 10, tzinfo=UTC)
    SpendChange.objects.create(unit_ids=[], cost_object_ids=[], recorded_at=when)

    assert explore(user=carl, period=NOVEMBER).as_of == when


@pytest.mark.parametrize(
    ("asked", "pointer", "sentence"),
    [
        ({"group_by": ["modle"]}, "/group_by", "`modle` is not an attribute of spend. Did you"),
        ({"filters": {"tier": ["mid"]}}, "/filter/tier", "`tier` is not an attribute of spend."),
        ({"measure": "money"}, "/measure", "`measure` must be one of effective, billed"),
        ({"granularity": "hour"}, "/granularity", "`granularity` must be one of day, week"),
        ({"group_by": [*ATTRIBUTES[:5]]}, "/group_by", "Spend is grouped by at most 4"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(
    carl: User, asked: dict[str, Any], pointer: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        explore(user=carl, period=NOVEMBER, **asked)

    assert [error.pointer for error in refusal.value.errors] == [pointer]


GROUPINGS = [list(pair) for pair in combinations([*ATTRIBUTES, "tag.team"], 2)]
FILTERS = st.dictionaries(
    st.sampled_from(["key", "workflow", "model", "provider", "person", "tag.team", "initiative"]),
    st.lists(
        st.sampled_from(["k1", "k2", "", "reply", "gpt-5", "ana@x", "cx", "drafter", "none"]),
        min_size=1,
        max_size=4,
    ),
    max_size=2,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    group_by=st.sampled_from(GROUPINGS),
    filters=FILTERS,
    granularity=st.sampled_from(["day", "week", "month", "total"]),
    measure=st.sampled_from(["effective", "list", "tokens", "calls"]),
)
def test_groups_add_up_to_the_total_whatever_is_asked(  # noqa: PLR0917 -- the parts of a question
    ledger: None,
    fiona: User,
    group_by: list[str],
    filters: dict[str, list[str]],
    granularity: str,
    measure: str,
) -> None:
    answer = explore(
        user=fiona,
        period=NOVEMBER,
        group_by=group_by,
        filters=filters,
        granularity=granularity,
        measure=measure,
    )
    ungrouped = explore(user=fiona, period=NOVEMBER, filters=filters, measure=measure)

    assert sum(row["value"] for row in answer.rows) == answer.totals.value
    assert sum(share.value or 0 for share in answer.statuses) == answer.totals.value
    assert answer.totals == ungrouped.totals


def test_fiscal_periods_stand_in_the_order_of_time(carl: User, support: Unit) -> None:
    called = new_slice()
    assign(called, support)
    for number, month in ((2, 2), (10, 10)):
        start = date(2026, month, 1)
        FiscalPeriod.objects.create(
            fiscal_year=2026,
            number=number,
            label=f"FY2026 P{number}",
            starts_on=start,
            ends_on=start + timedelta(days=28),
        )
        book(called, start, "1.00")

    answer = explore(
        user=carl, period=Period(date(2026, 1, 1), date(2027, 1, 1)), granularity="period"
    )

    assert [row["period"] for row in answer.rows] == ["FY2026 P2", "FY2026 P10"]
