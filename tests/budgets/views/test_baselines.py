"""The page of a baseline: its strip, a day of it, its statistics, and notes on its days."""

from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from budgets.models import BaselineNote, Initiative
from finops.periods import ONE_DAY
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_revisions import words
from tests.factories.baselines import booked, gated
from tests.factories.budgets import drafted
from tests.org_cast import Cast

PAGE = "/initiatives/support-drafter/baseline/"
FRIDAY = date(2026, 11, 20)


@pytest.fixture
def drafter(cast: Cast, at: datetime) -> Initiative:
    """Return an experiment of 24 days: one over its cap, one without use, the rest as usual."""
    found = gated(cast, at=at)
    amounts = ["5.00"] * 4 + ["10.50"] + ["5.00"] * 9 + [None] + ["5.00"] * 9
    booked(found, amounts, since=FRIDAY)
    return found


@pytest.fixture
def _later(
    drafter: Initiative, at: datetime, _clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at + ONE_DAY * 24)


later = pytest.mark.usefixtures("_later")


@later
@pytest.mark.parametrize(
    ("name", "status"), [("grace", 200), ("aud", 200), ("ed", 200), ("greta", 404), ("stan", 404)]
)
def test_who_sees_the_experiment_sees_its_baseline(
    cast: Cast, as_user: SignIn, name: str, status: int
) -> None:
    client = as_user(getattr(cast, name))

    assert client.get(PAGE).status_code == status
    assert client.get(f"{PAGE}?format=csv").status_code == status


@later
def test_the_sentence_says_how_far_the_run_is(cast: Cast, as_user: SignIn, at: datetime) -> None:
    page = words(as_user(cast.aud).get(PAGE).content)

    # 14 December is the 24th day. 18 days count since the 24th of November, one is paused;
    # twelve to go, today among them, and five days for late data: 25 + 5 = 30 December.
    assert (
        "18 valid days in a row, 12 to go; earliest pass 30 December 2026 (day 30 + 5 for late"
        " data); 1 of 2 allowed paused days used."
    ) in page


@later
def test_the_strip_tells_each_day_by_its_shape(cast: Cast, as_user: SignIn, at: datetime) -> None:
    cells = as_user(cast.aud).get(PAGE).context["baseline"].cells

    # The day that broke the last run; 4 December paused; the last four of the days are not
    # final; twelve to come make thirty.
    shapes = [cell.shape.value for cell in cells]
    assert shapes == [
        "crossed", *["full"] * 9, "dashed", *["full"] * 5, *["half"] * 4, *["hollow"] * 12
    ]  # fmt: skip
    assert cells[0].on == date(2026, 11, 24)
    assert cells[-1].on == date(2026, 12, 25)


@later
def test_a_day_opens_with_its_figures_and_the_line_that_caused_it(
    cast: Cast, as_user: SignIn
) -> None:
    page = words(as_user(cast.aud).get(f"{PAGE}?day=2026-11-24").content)

    assert "Tuesday, 24 November 2026 Begins anew" in page
    assert "Spent $10.50, over the daily cap of $10.00." in page
    assert "Spent $10.50 of a daily cap of $10.00 Left of the allocation $369.50" in page
    assert (
        "By this line Spend over the daily cap, or over a lower one that was set later in the"
        " run: the run begins anew; the second time it is frozen."
    ) in page


@later
def test_a_day_opens_as_a_part_of_the_page(cast: Cast, as_user: SignIn) -> None:
    part = as_user(cast.aud).get(f"{PAGE}?day=2026-12-04", headers={"HX-Request": "true"})

    assert part.content.startswith(b'<div id="baseline-days"')
    assert "Friday, 4 December 2026 Paused Nothing was used" in words(part.content)
    assert b'href="?day=2026-12-04" hx-get="?day=2026-12-04"' in part.content
    assert part.content.count(b'aria-current="date"') == 1


@later
@pytest.mark.parametrize("day", ["2026-11-19", "2027-03-01", "yesterday", "2026-13-01", ""])
def test_a_day_that_is_none_of_its_days_is_not_there(cast: Cast, as_user: SignIn, day: str) -> None:
    assert as_user(cast.aud).get(f"{PAGE}?day={day}").status_code == 404


@later
def test_a_day_to_come_is_told_apart(cast: Cast, as_user: SignIn) -> None:
    assert "Thursday, 24 December 2026 To come." in words(
        as_user(cast.aud).get(f"{PAGE}?day=2026-12-24").content
    )


@later
def test_statistics_stand_against_their_limits_with_how_they_are_computed(
    cast: Cast, as_user: SignIn
) -> None:
    page = words(as_user(cast.aud).get(PAGE).content)

    assert "Run rate a day $5.00 – – The trimmed mean is taken: the level lies within 5.0%" in page
    assert "Days vary little, weekdays apart 0.0% 50.0% Met It holds." in page
    assert "A busy day leaves a tenth of the cap $5.00 $9.00 Met It holds." in page
    assert "No drift that adds up 0 5 Met It holds." in page
    # No call of these days names a task: that is unknown, and not none.
    assert "Enough use to say anything 18 days 20 days Missed It was used on 18 days" in page
    assert "Thirty times the median slope between every two days (Theil–Sen)" in page


@later
def test_earlier_runs_stay_in_sight_with_what_ended_them(cast: Cast, as_user: SignIn) -> None:
    page = words(as_user(cast.aud).get(PAGE).content)

    assert (
        "3 valid days from 21 November 2026; 24 November 2026 began anew: Spent $10.50, over the"
        " daily cap of $10.00."
    ) in page
    assert "20 November 2026 began anew: Gates 1 to 3 were not all passed." in page


@later
def test_the_days_are_a_table_and_a_file(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.aud)
    file = client.get(f"{PAGE}?format=csv")
    lines = file.getvalue().decode("utf-8-sig").splitlines()

    assert "24 Nov 2026 $10.50 $10.00 100.0% 8 Begins anew" in words(client.get(PAGE).content)
    assert (
        lines[0] == "day,spent_usd,repriced_usd,daily_cap_usd,coverage,calls,effect,rule,final,says"
    )
    assert len(lines) == 1 + 24
    assert lines[5] == (
        "2026-11-24,10.500000000000,,10.000000000000,1.0000,8,Begins anew,over_cap,yes,"
        '"Spent $10.50, over the daily cap of $10.00."'
    )
    assert lines[15].startswith(
        "2026-12-04,0.000000000000,,10.000000000000,1.0000,0,Paused,no_use,yes,"
    )
    assert lines[24].split(",")[8] == "no"


def test_before_it_runs_there_is_nothing_to_count(
    cast: Cast, at: datetime, as_user: SignIn
) -> None:
    drafted(cast, at=at)

    page = words(as_user(cast.aud).get(PAGE).content)

    assert "Days are counted once the experiment runs." in page


@later
def test_an_engineer_notes_a_holiday_and_an_outage_and_takes_one_back(
    cast: Cast, as_user: SignIn
) -> None:
    client = as_user(cast.ed)
    client.post(
        PAGE,
        {
            "do": "holiday",
            "holiday-about": "unit:operations",
            "holiday-starts_on": "2026-12-24",
            "holiday-last_on": "2026-12-26",
            "holiday-reason": "Christmas in all offices.",
        },
    )
    client.post(
        PAGE,
        {
            "do": "outage",
            "outage-about": "experiment",
            "outage-starts_on": "2026-12-13",
            "outage-provider": "openai",
            "outage-hours": "2.5",
            "outage-reason": "Elevated errors in the region.",
            "outage-link": "https://status.example/7",
        },
    )
    outage, holiday = BaselineNote.objects.order_by("-pk")
    client.post(PAGE, {"do": "withdraw", "note": outage.pk, "reason": "That was staging alone."})

    page = words(client.get(PAGE).content)
    assert (holiday.unit, holiday.ends_on) == (cast.operations, date(2026, 12, 27))
    assert "24 Dec 2026 to 26 Dec 2026 Planned holiday Operations Christmas in all offices." in page
    assert "Outage of a provider: openai, 2.5 hours Support drafter" in page
    assert "Withdrawn by Ed: That was staging alone." in page


@later
def test_what_was_typed_stays_where_it_is_refused(cast: Cast, as_user: SignIn) -> None:
    answer = as_user(cast.ed).post(
        PAGE,
        {
            "do": "holiday",
            "holiday-about": "experiment",
            "holiday-starts_on": "2026-12-10",
            "holiday-reason": "The team is away at its offsite.",
        },
    )

    page = words(answer.content)
    assert answer.status_code == 422
    assert "A holiday is noted before its day begins: 10 December 2026 has begun" in page
    assert "The team is away at its offsite." in page
    assert not BaselineNote.objects.exists()


@later
@pytest.mark.parametrize(("name", "offers"), [("fiona", 5), ("ed", 5)])
def test_a_note_may_be_about_all_that_is_above(
    cast: Cast, as_user: SignIn, name: str, offers: int
) -> None:
    form = as_user(getattr(cast, name)).get(PAGE).context["forms"]["holiday"]

    assert [value for value, _ in form.fields["about"].choices] == [
        "experiment",
        "unit:support",
        "unit:operations",
        "unit:acme",
        "company",
    ][:offers]


@later
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("grace", "Only an engineer, finance or a CFO of Support notes holidays and outages."),
        ("aud", "Only an engineer, finance or a CFO of Support notes holidays and outages."),
    ],
)
def test_who_may_note_nothing_reads_why_and_is_refused(
    cast: Cast, as_user: SignIn, name: str, says: str
) -> None:
    client = as_user(getattr(cast, name))

    assert says in words(client.get(PAGE).content)
    assert client.post(PAGE, {"do": "holiday"}).status_code == 403


def test_a_freeze_is_lifted_on_the_page(
    cast: Cast, at: datetime, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = gated(cast, at=at)
    booked(found, ["5.00", "10.01", "12.00", "5.00"], since=FRIDAY)
    client, other = as_user(cast.ed), as_user(cast.grace)
    monkeypatch.setattr(timezone, "now", lambda: at + ONE_DAY * 4)

    frozen = words(client.get(PAGE).content)
    refused = other.post(PAGE, {"do": "lift", "reason": "We lowered the retries to two."})
    short = client.post(PAGE, {"do": "lift", "reason": "It is fine."})
    lifted = client.post(PAGE, {"do": "lift", "reason": "We lowered the retries to two."})

    assert "Frozen. A limit was broken for the second time." in frozen
    assert (refused.status_code, short.status_code, lifted.status_code) == (403, 422, 302)
    assert "Frozen." not in words(client.get(PAGE).content)


@later
def test_the_page_asks_as_much_of_many_days_as_of_few(
    cast: Cast, at: datetime, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(cast.aud)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{PAGE}?day=2026-11-21").status_code == 200
        return len(seen)

    many = queries()
    monkeypatch.setattr(timezone, "now", lambda: at + ONE_DAY * 4)

    assert queries() == many
