"""Revenue and other costs: kept once, told line by line, and judged at once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from finops.profiles import MarginWindows
from org.models.tokens import Scope as TokenScope
from org.refusals import Invalid
from policy.margin_records import margins_in
from policy.models import MarginConflict, MarginEntry, Scope
from policy.operations.margins import record_margins
from policy.queries.margins import Margins, read_margins
from policy.queries.meters import today_at
from tests.factories.org import new_token
from tests.factories.policy import earned, minute, spend, unit_scope
from tests.org_cast import Cast, gather
from tests.races import race

HOUR = timedelta(hours=1)
PAGE = "/breakers/margins/"


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "id": "nov-20",
        "scope": "unit:support",
        "from": "2026-11-20T00:00:00Z",
        "to": "2026-11-21T00:00:00Z",
        "revenue_usd": "240.00",
        "other_cogs_usd": "48.00",
    } | changes


def test_what_came_before_is_a_duplicate_or_a_conflict(cast: Cast, at: datetime) -> None:
    unit_scope(cast.support)
    first = record_margins(records=[entry()], by=cast.ed, at=at)

    for _ in range(2):
        again = record_margins(records=[entry(), entry(revenue_usd="241.00")], by=cast.ed, at=at)
        assert (again.accepted, again.duplicate, again.conflict) == (0, 1, 1)

    assert (first.accepted, first.rejected) == (1, [])
    assert MarginEntry.objects.get().revenue_usd == Decimal(240)
    assert MarginConflict.objects.get().revenue_usd == Decimal(241)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("no record", "is no object with the fields"),
        (entry(id=""), "id: is missing"),
        (entry(id="x" * 121), "id: is a text of 1 to 120 characters"),
        (entry(scope="unit:nowhere"), "there is no scope unit:nowhere"),
        (entry(scope="org\x00"), "scope: is a text"),
        (entry(**{"from": "yesterday"}), "from: names no time"),
        (entry(to="2026-11-20T00:00:00Z"), "to: lies after from"),
        (entry(to="2028-11-20T00:00:00Z"), "at most 366 days after it"),
        (entry(revenue_usd="-1"), "revenue_usd: is nothing or more"),
        (entry(revenue_usd="0.0000001"), "at most 6 decimals"),
        (entry(other_cogs_usd="lots"), "other_cogs_usd:"),
        (entry(other_cogs_usd=0.5), "other_cogs_usd: is no text"),
        (entry(other_cogs_usd=None), "other_cogs_usd: is missing"),
    ],
)
def test_a_record_that_cannot_be_kept_is_told_of(
    cast: Cast, at: datetime, record: Any, words: str
) -> None:
    unit_scope(cast.support)

    answer = record_margins(records=[record, entry(id="good")], by=cast.ed, at=at)

    [rejected] = answer.rejected
    assert (answer.accepted, rejected.index) == (1, 0)
    assert words in rejected.detail


@pytest.mark.parametrize("name", ["grace", "carl"])
def test_figures_are_sent_by_who_may(cast: Cast, at: datetime, name: str) -> None:
    unit_scope(cast.support)

    answer = record_margins(records=[entry()], by=getattr(cast, name), at=at)

    [rejected] = answer.rejected
    assert "are sent by its engineers and FinOps analysts" in rejected.detail


@pytest.mark.django_db(transaction=True)
def test_of_many_who_send_one_id_at_once_one_is_kept(at: datetime) -> None:
    cast = gather()
    unit_scope(cast.support)

    answers = race(
        *[lambda: record_margins(records=[entry()], by=cast.ed, at=at) for _ in range(6)]
    )

    assert sorted(answer.accepted for answer in answers) == [0, 0, 0, 0, 0, 1]
    assert MarginEntry.objects.count() == 1


def test_a_day_of_figures_is_judged_by_the_minute(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    earned(scope, at - 12 * HOUR, at + 12 * HOUR, "1440.00", "720.00", by=cast.ed)
    for ago in range(1, 61):
        minute("0.25", at - timedelta(minutes=ago), unit=cast.support, calls=20)
    minute("90.00", at - timedelta(minutes=61), unit=cast.support)  # before both windows

    found = read_margins(
        scope, windows=MarginWindows.MINUTES_15_AND_60, today=today_at(at + timedelta(seconds=59))
    )

    assert found == Margins(Decimal("0.25"), Decimal("0.25"))


def test_windows_end_where_the_feed_ends(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    ends = at - timedelta(minutes=30)
    earned(scope, ends - HOUR, ends, "60.00", "30.00", by=cast.ed)
    for ago in range(1, 61):
        minute("0.10", ends - timedelta(minutes=ago), unit=cast.support, calls=20)
    minute("500.00", at - timedelta(minutes=1), unit=cast.support)
    windows = MarginWindows.MINUTES_15_AND_60

    fresh = read_margins(scope, windows=windows, today=today_at(at))
    stale = read_margins(scope, windows=windows, today=today_at(at + timedelta(minutes=31)))

    assert fresh == Margins(Decimal("0.4"), Decimal("0.4"))
    assert stale == Margins(None, None)


def test_a_window_with_too_few_calls_holds(cast: Cast, at: datetime) -> None:
    scope = unit_scope(cast.support)
    earned(scope, at - 2 * HOUR, at, "120.00", "0.00", by=cast.ed)
    for ago in range(1, 61):
        minute("0.10", at - timedelta(minutes=ago), unit=cast.support, calls=10)

    found = read_margins(scope, windows=MarginWindows.MINUTES_15_AND_60, today=today_at(at))

    assert found == Margins(None, Decimal("0.9"))


def test_windows_of_days_are_whole_reporting_days(cast_in_berlin: Cast) -> None:
    cast = cast_in_berlin
    scope = unit_scope(cast.support)
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    midnight = datetime(2026, 11, 19, 23, tzinfo=UTC)  # of the 20th in Berlin
    earned(scope, midnight - timedelta(days=8), at, "8500.00", "0.00", by=cast.ed)
    for day in range(13, 20):
        spend("200.00", unit=cast.support, on=datetime(2026, 11, day, tzinfo=UTC).date())
    spend("300.00", unit=cast.support, on=datetime(2026, 11, 19, tzinfo=UTC).date())
    spend("9000.00", unit=cast.support, on=datetime(2026, 11, 20, tzinfo=UTC).date())

    found = read_margins(scope, windows=MarginWindows.DAYS_1_AND_7, today=today_at(at))

    # 8500 over 8 days and 13 hours of 205: a day's 24 bring in 204000 / 205.
    day_usd = Decimal(204_000) / Decimal(205)
    assert found.short is not None
    assert found.long is not None
    assert abs(found.short - (1 - 500 / day_usd)) < Decimal("1e-15")
    assert abs(found.long - (1 - 1700 / (day_usd * 7))) < Decimal("1e-15")


def test_records_come_in_over_rest(
    cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)
    unit_scope(cast.support)
    scopes = [TokenScope.USAGE_WRITE]
    new_token(secret="tok_ed", user=cast.ed, scopes=scopes, created_at=at)
    client = Client(headers={"Authorization": "Bearer tok_ed"})

    answer = client.post(
        "/api/v1/margins", [entry(), entry(id="b", scope="unit:x")], content_type="application/json"
    )

    assert answer.status_code == 200
    told = answer.json()
    assert (told["accepted"], told["duplicate"], told["conflict"]) == (1, 0, 0)
    assert told["rejected"] == [
        {"index": 1, "id": "b", "detail": "scope: there is no scope unit:x in the policy."}
    ]


@pytest.fixture
def ed(cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: at)
    unit_scope(cast.support)
    client.force_login(cast.ed)
    return client


def sent(client: Client, text: str) -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile("margins.csv", text.encode())})


HEADER = "id,scope,from,to,revenue_usd,other_cogs_usd\n"


def test_a_file_is_loaded_and_its_bad_lines_are_named(ed: Client) -> None:
    good = "a,unit:support,2026-11-20T00:00Z,2026-11-21T00:00Z,240.00,48.00\n"
    bad = "b,unit:support,2026-11-20T00:00Z,2026-11-21T00:00Z,much,48.00\n"

    answer = sent(ed, HEADER + good + bad)

    text = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert "1 kept, 0 known already" in text
    assert "Line 3: revenue_usd:" in text
    assert MarginEntry.objects.get().key == "a"
    assert "$240.00" in text


def test_a_file_that_is_right_is_shown(ed: Client) -> None:
    answer = sent(ed, HEADER + "a,unit:support,2026-11-20,2026-11-21,240.00,48.00\n")

    assert answer.status_code == 200
    assert "What counts, the latest first" in answer.content.decode()


def test_a_file_with_another_header_is_refused(ed: Client) -> None:
    answer = sent(ed, "id,scope\n")

    assert answer.status_code == 422
    assert "Its columns are id, scope, from, to" in answer.content.decode()


def test_csv_that_cannot_be_read_names_its_line() -> None:
    with pytest.raises(Invalid, match="Line 2 is no CSV"):
        margins_in(HEADER + '"a"b,unit:support')


def test_a_stranger_sees_no_margins(ed: Client, cast: Cast) -> None:
    ed.force_login(cast.stan)

    assert ed.get(PAGE).status_code == 403


def test_margins_of_other_units_are_not_shown(ed: Client, cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug="unit:support")
    earned(scope, at - HOUR, at, "240.00", "0.00", by=cast.ed)

    assert "$240.00" in ed.get(PAGE).content.decode()
    ed.force_login(cast.greta)
    assert "$240.00" not in ed.get(PAGE).content.decode()
