"""Cancelling an import from its page and over REST."""

import io
from datetime import datetime

import pytest
from django.test import Client

from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from org.models import User
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

CALLS = "id,started_at,provider,model,in_text\nr1,2026-11-19T10:00:00Z,openai,gpt-4o,1000\n"


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def queued(by: User, at: datetime) -> Delivery:
    return submit_file(
        file=io.BytesIO(CALLS.encode()),
        filename="usage.csv",
        source="tokenops",
        account="",
        column_map={},
        fixed_values={},
        by=by,
        at=at,
    )


def test_the_page_says_what_a_cancel_does_and_carries_it_out(
    cast: Cast, fiona: Client, at: datetime
) -> None:
    delivery = queued(cast.ed, at)
    page = f"/data/imports/{delivery.pk}/"
    before = fiona.get(page).text

    done = fiona.post(f"{page}cancel/", follow=True)

    delivery.refresh_from_db()
    assert "What has loaded of it is taken back" in before
    assert f'action="{page}cancel/"' in before
    assert done.redirect_chain == [(page, 302)]
    assert delivery.state == Delivery.State.CANCELLED
    assert "<b>Cancelled</b> on" in done.text
    assert "by Fiona." in done.text
    assert "cancel/" not in done.text
    assert "Cancelled" in fiona.get("/data/imports/", {"state": "cancelled"}).text


def test_a_finished_import_is_not_cancelled_and_the_page_says_why(
    fiona: Client, deliver: Deliver
) -> None:
    delivery = deliver(CALLS)

    answer = fiona.post(f"/data/imports/{delivery.pk}/cancel/")

    assert answer.status_code == 409
    assert "This import has finished loading: undo it instead." in answer.text
    assert f"/data/imports/{delivery.pk}/undo/" in answer.text


def test_the_button_goes_with_the_last_look_at_an_import(fiona: Client, deliver: Deliver) -> None:
    delivery = deliver(CALLS)

    part = fiona.get(f"/data/imports/{delivery.pk}/", headers={"HX-Request": "true"}).text

    assert '<div id="import-cancel" hx-swap-oob="delete"></div>' in part


@pytest.mark.parametrize("name", ["ed", "aud", "carl", "grace"])
def test_who_may_not_cancel_has_no_button_and_is_refused(
    cast: Cast, client: Client, at: datetime, name: str
) -> None:
    delivery = queued(cast.fiona, at)
    client.force_login(getattr(cast, name))

    page = client.get(f"/data/imports/{delivery.pk}/").text
    answer = client.post(f"/data/imports/{delivery.pk}/cancel/")

    delivery.refresh_from_db()
    assert "cancel/" not in page
    assert answer.status_code == 403
    assert delivery.state == Delivery.State.QUEUED


def test_an_engineer_has_the_button_for_what_they_sent(
    cast: Cast, client: Client, at: datetime
) -> None:
    delivery = queued(cast.ed, at)
    client.force_login(cast.ed)

    assert "cancel/" in client.get(f"/data/imports/{delivery.pk}/").text


def test_an_import_is_cancelled_over_the_api_once_and_again(
    cast: Cast, fiona: Client, at: datetime
) -> None:
    delivery = queued(cast.ed, at)
    address = f"/api/v1/imports/{delivery.pk}/cancel"

    done = fiona.post(address, content_type="application/json")
    again = fiona.post(address, content_type="application/json")

    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    assert fiona.post("/api/v1/imports/0/cancel").status_code == 404


def test_a_finished_import_is_not_cancelled_over_the_api(fiona: Client, deliver: Deliver) -> None:
    delivery = deliver(CALLS)

    answer = fiona.post(f"/api/v1/imports/{delivery.pk}/cancel")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This import has finished loading: undo it instead.",
    )
