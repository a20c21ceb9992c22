"""OpenAI's costs as they are fetched: whole days, every page, patience with faults."""

import json
from datetime import UTC, date, datetime

import pytest

from ingestion.connectors.openai_costs import KIND
from ingestion.connectors.web import Busy, Denied, Hiccup, PullFailed
from tests.fakes.provider import COSTS, KEY, FakeProvider, Fault
from tests.ingestion.connectors.conftest import Fetched

NINETEENTH = {
    "object": "organization.costs.result",
    "amount": {"value": 0.06, "currency": "usd"},
    "line_item": "gpt-5-nano, input",
    "project_id": "proj_1",
}


def days_in(pieces: list[bytes]) -> list[str]:
    """Return the days whose buckets stand in the pieces, in their order."""
    buckets = [bucket for piece in pieces for bucket in json.loads(piece)["data"]]
    return [f"{datetime.fromtimestamp(b['start_time'], tz=UTC):%d}" for b in buckets]


def test_a_window_is_asked_for_in_whole_days(provider: FakeProvider, fetched: Fetched) -> None:
    provider.results(COSTS, date(2026, 11, 19), NINETEENTH)

    (page,) = fetched(KIND)

    (asked,) = provider.asked
    # From 18 November 00:00 to 21 November 00:00 UTC.
    assert (asked.param("start_time"), asked.param("end_time")) == ("1794960000", "1795219200")
    assert (asked.param("bucket_width"), asked.param("limit")) == ("1d", "180")
    assert asked.params_named("group_by[]") == ["project_id", "line_item"]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(page)["data"][1]["results"] == [NINETEENTH]
    assert b'"value": 0.06' in page


def test_every_page_is_fetched_by_its_cursor(provider: FakeProvider, fetched: Fetched) -> None:
    provider.most_buckets = 1

    pieces = fetched(KIND)

    assert days_in(pieces) == ["18", "19", "20"]
    assert [asked.param("page") for asked in provider.asked] == ["", "page_1", "page_2"]


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Fault("status", 500), 1.0),
        (Fault("status", 429, {"Retry-After": "7"}), 7.0),
        (Fault("status", 503, {"Retry-After": "3"}), 3.0),
        (Fault("status", 429), 1.0),
        (Fault("truncated"), 1.0),
        (Fault("dropped"), 1.0),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
def test_a_fault_that_passes_is_waited_out(
    provider: FakeProvider, fetched: Fetched, waits: list[float], fault: Fault, waited: float
) -> None:
    provider.faults = [fault]

    assert days_in(fetched(KIND)) == ["18", "19", "20"]
    assert waits == [waited]


def test_retry_after_may_be_a_date(
    provider: FakeProvider, fetched: Fetched, waits: list[float]
) -> None:
    headers = {
        "Retry-After": "Fri, 20 Nov 2026 12:00:20 GMT",
        "Date": "Fri, 20 Nov 2026 12:00:00 GMT",
    }
    provider.faults = [Fault("status", 503, headers)]

    fetched(KIND)

    assert waits == [20.0]


def test_a_page_that_comes_twice_is_asked_for_again(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.most_buckets = 2
    pieces = fetched(KIND)
    provider.asked.clear()
    provider.last_body = pieces[0]
    provider.faults = [Fault("status", 500), Fault("repeated"), Fault("repeated")]
    again = fetched(KIND)

    # Asked: a fault; the first page (from before); the same again for the second; the second.
    assert again == pieces
    assert [asked.param("page") for asked in provider.asked] == ["", "", "page_2", "page_2"]


@pytest.mark.parametrize("fault", [Fault("status", 500), Fault("truncated"), Fault("dropped")])
def test_a_fault_that_stays_fails_the_pull(
    provider: FakeProvider, fetched: Fetched, waits: list[float], fault: Fault
) -> None:
    provider.faults = [fault] * 4

    with pytest.raises(Hiccup):
        fetched(KIND)
    assert waits == [1.0, 2.0, 4.0]
    assert len(provider.asked) == 4


def test_a_page_that_keeps_coming_twice_fails_the_pull(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.most_buckets = 2
    first = fetched(KIND)[0]
    provider.last_body = first
    provider.faults = [Fault("repeated")] * 5

    with pytest.raises(PullFailed, match="came twice, or not in its order"):
        fetched(KIND)


def test_a_long_wait_is_left_to_the_queue(
    provider: FakeProvider, fetched: Fetched, waits: list[float]
) -> None:
    provider.faults = [Fault("status", 429, {"Retry-After": "600"})]

    with pytest.raises(Busy) as busy:
        fetched(KIND)
    assert busy.value.seconds == 600
    assert waits == []


def test_a_limit_that_stays_is_left_to_the_queue(provider: FakeProvider, fetched: Fetched) -> None:
    provider.faults = [Fault("status", 429, {"Retry-After": "5"})] * 4

    with pytest.raises(Busy) as busy:
        fetched(KIND)
    assert busy.value.seconds == 5


def test_a_refused_credential_is_said_without_what_the_provider_echoes(
    provider: FakeProvider, fetched: Fetched
) -> None:
    with pytest.raises(Denied) as denied:
        fetched(KIND, credential="sk-admin-wrong")

    assert str(denied.value) == f"The provider refuses the credential: 401 from {COSTS}."


def test_a_redirect_is_not_followed(provider: FakeProvider, fetched: Fetched) -> None:
    provider.faults = [Fault("redirect")]

    with pytest.raises(Denied, match="answers with a redirect"):
        fetched(KIND)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[]", "it has no list 'data'"),
        (b'{"data": []}', "does not say whether more follow"),
        (b'{"data": [{}], "has_more": false}', "does not say when it begins"),
        (b'{"data": [], "has_more": true, "next_page": ""}', "does not say where"),
    ],
)
def test_an_answer_that_is_no_page_fails_the_pull(
    provider: FakeProvider, fetched: Fetched, body: bytes, sentence: str
) -> None:
    provider.last_body = body
    provider.faults = [Fault("repeated")]

    with pytest.raises(PullFailed, match=sentence):
        fetched(KIND)


def test_pages_that_lead_to_themselves_fail_the_pull(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.last_body = b'{"data": [], "has_more": true, "next_page": "page_1"}'
    provider.faults = [Fault("repeated")] * 2

    with pytest.raises(PullFailed, match="the same page again and again"):
        fetched(KIND)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ftp://api.example", "begins with http:// or https://"),
        ("https://", "begins with http:// or https://"),
        ("https://user:word@api.example", "Put no name or password into the address"),
        ("https://api.example/#x", "behind #"),
        ("https://api.example:port", "cannot be read"),
    ],
)
def test_an_address_is_that_of_a_web_server(address: str, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        KIND.checked({"address": address})


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]"],
)
def test_a_link_local_address_is_not_asked_however_it_is_written(
    fetched: Fetched, host: str
) -> None:
    with pytest.raises(Denied, match="link-local"):
        fetched(KIND, address=f"http://{host}")


@pytest.mark.parametrize("asked_for", ["9" * 40, "²", "soon"])
def test_an_odd_retry_after_breaks_nothing(
    provider: FakeProvider, fetched: Fetched, waits: list[float], asked_for: str
) -> None:
    provider.faults = [Fault("status", 429, {"Retry-After": asked_for})]

    if asked_for.isdecimal():
        with pytest.raises(Busy) as busy:
            fetched(KIND)
        assert busy.value.seconds == 604_800
    else:
        assert days_in(fetched(KIND)) == ["18", "19", "20"]
        assert waits == [1.0]


def test_a_name_that_nobody_knows_is_said_so(fetched: Fetched) -> None:
    with pytest.raises(Hiccup, match=r"nowhere\.invalid could not be reached"):
        fetched(KIND, address="http://nowhere.invalid")


def test_nobody_answers_there(fetched: Fetched) -> None:
    with pytest.raises(Hiccup, match=r"127\.0\.0\.1 could not be reached, or broke off"):
        fetched(KIND, address="http://127.0.0.1:9")
