"""The page of the fiscal calendar: what would change is seen, then confirmed."""

from datetime import date, datetime

import pytest
from django.test import Client

from org.models import Company, FiscalCalendar, FiscalPeriod, User
from org.operations.calendar import fix_time_zone
from org.queries.calendar import timeline
from tests.org_cast import Cast

BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGE = "/settings/calendar/"
RETAIL = {"pattern": "4-4-5", "start_month": "2", "week_starts_on": "6", "year_end": "last"}


@pytest.fixture
def booked(cast: Cast, at: datetime) -> Cast:
    """Return the cast of a company with usage, in whose year 2027 nothing is booked yet."""
    fix_time_zone(at=at)
    FiscalPeriod.objects.of_year(2026).update(booked_at=at)
    return cast


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_opens_with_the_calendar_of_now(cast: Cast) -> None:
    page = words(signed_in(cast.carl).get(PAGE).text)

    assert "Calendar months; the year starts in January." in page
    assert "What would change" not in page


def test_a_choice_shows_what_changes_and_changes_nothing(
    booked: Cast, monkeypatch: pytest.MonkeyPatch, at: datetime
) -> None:
    monkeypatch.setattr("org.views.fiscal_calendar.timezone.now", lambda: at)

    page = words(signed_in(booked.carl).get(PAGE, RETAIL).text)

    assert (
        "Quarters of 4, 4 and 5 weeks, from Sunday on; the year ends on the last Saturday of"
        " January." in page
    )
    assert "FY2026 and the years before it stay as they are." in page
    assert "It holds from 1 Jan 2027 on, with FY2027." in page
    assert "FY2027 is a short year of 30 days, 1 Jan 2027 to 30 Jan 2027." in page
    assert "FY2028 P1" in page
    assert "Change it from 1 Jan 2027 on" in page
    assert FiscalCalendar.objects.count() == 1


def test_htmx_gets_the_part_alone(cast: Cast) -> None:
    answer = signed_in(cast.carl).get(PAGE, RETAIL, headers={"HX-Request": "true"})

    assert words(answer.text).startswith('<div id="change"')
    assert "all years are cut anew" in answer.text


def test_confirmed_it_is_so(booked: Cast) -> None:
    client, seen = signed_in(booked.ada), FiscalCalendar.objects.get().pk

    answer = client.post(PAGE, RETAIL | {"version": str(seen)}, follow=True)

    assert answer.redirect_chain == [("/settings/", 302)]
    assert "is the first of the new calendar." in answer.text
    assert "on: Quarters of 4, 4 and 5 weeks, from Sunday on" in words(answer.text)
    assert len(timeline().changes) == 1


def test_who_confirms_what_somebody_changed_sees_it_anew(booked: Cast) -> None:
    answer = signed_in(booked.carl).post(PAGE, RETAIL | {"version": "0"})

    assert answer.status_code == 409
    assert "Somebody changed the fiscal calendar" in answer.text
    assert "What would change" in answer.text


def test_what_cannot_follow_is_said(cast: Cast, at: datetime) -> None:
    FiscalCalendar.objects.create(pattern="months", start_month=2)
    fix_time_zone(at=at)

    answer = signed_in(cast.carl).get(PAGE, RETAIL | {"pattern": "months", "start_month": "1"})

    assert answer.status_code == 422
    assert "two years cannot have one name" in words(answer.text)
    assert "What would change" not in answer.text


def test_what_is_no_choice_is_said_with_its_field(cast: Cast) -> None:
    answer = signed_in(cast.carl).get(PAGE, RETAIL | {"pattern": "lunar"})

    assert answer.status_code == 422
    assert "lunar is not one of the available choices" in answer.text


def test_others_have_neither_button_nor_page(cast: Cast) -> None:
    assert signed_in(cast.fiona).get(PAGE).status_code == 403
    assert signed_in(cast.fiona).post("/settings/company/").status_code == 403
    assert PAGE not in signed_in(cast.fiona).get("/settings/").text
    assert PAGE in signed_in(cast.carl).get("/settings/").text


def test_a_new_installation_is_set_up_and_led_to_its_calendar(cast: Cast) -> None:
    Company.objects.all().delete()
    client = signed_in(cast.ada)

    assert "/settings/company/" in client.get("/settings/").text
    assert client.post("/settings/company/")["Location"] == PAGE
    assert Company.objects.get().name == "My company"


def test_days_before_the_first_week_are_told(booked: Cast) -> None:
    asked = {"pattern": "4-4-5", "start_month": "1", "week_starts_on": "6", "year_end": "nearest"}
    FiscalPeriod.objects.filter(starts_on__gte=date(2028, 1, 1)).delete()

    page = words(signed_in(booked.carl).get(PAGE, asked).text)

    assert "FY2027 takes in the days in between: it has 366 days, 1 Jan 2027 to 1 Jan 2028." in page
    assert "the year ends on the Saturday nearest to the end of December." in page
