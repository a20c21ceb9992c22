"""Any JSON interface as it is fetched: four ways of paging, windows, digits kept."""

import json
from typing import Any

import pytest

from ingestion.connectors.json_by_map import KIND
from ingestion.connectors.web import Denied, PullFailed
from ingestion.readers.contract import Refused
from tests.fakes.provider import CALLS, FakeProvider, Fault
from tests.ingestion.connectors.conftest import Fetched

MAP = "id = id\nstarted_at = at\nmodel = model\nin_text = n"
CONFIG = {"path": CALLS, "rows": "result.items", "map": MAP, "set": "provider = openai"}
FIVE = [{"id": f"c{n}", "at": f"2026-11-19T0{n}:00:00Z", "cost": 0.1} for n in range(5)]


def ids(pieces: list[bytes]) -> list[str]:
    return [json.loads(piece)["id"] for piece in pieces]


@pytest.mark.parametrize(
    "paging",
    [
        {"paging": "number"},
        {"paging": "cursor", "page_param": "after", "next": "meta.cursor"},
        {"paging": "link", "next": "meta.next"},
    ],
    ids=["number", "cursor", "link"],
)
def test_every_page_is_read(
    provider: FakeProvider, fetched: Fetched, paging: dict[str, str]
) -> None:
    provider.calls = FIVE

    assert ids(fetched(KIND, **CONFIG, **paging)) == ["c0", "c1", "c2", "c3", "c4"]


def test_one_answer_holds_all_where_nothing_else_is_said(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.calls = FIVE[:2]

    assert ids(fetched(KIND, **CONFIG)) == ["c0", "c1"]
    assert provider.asked[0].params == []


@pytest.mark.parametrize(
    ("time_format", "start", "end"),
    [
        ("rfc3339", "2026-11-18T07:30:00Z", "2026-11-20T12:00:00Z"),
        ("date", "2026-11-18", "2026-11-20"),
        ("unix", "1794987000", "1795176000"),
    ],
)
def test_the_window_is_sent_as_the_interface_writes_times(
    provider: FakeProvider, fetched: Fetched, time_format: str, start: str, end: str
) -> None:
    window = {"start_param": "from", "end_param": "to", "time_format": time_format}

    fetched(KIND, **CONFIG, **window)

    assert provider.asked[0].params == [("from", start), ("to", end)]


def test_a_query_of_the_address_is_kept(provider: FakeProvider, fetched: Fetched) -> None:
    fetched(KIND, **(CONFIG | {"path": f"{CALLS}?team=7"}), start_param="from", time_format="date")

    assert provider.asked[0].params == [("team", "7"), ("from", "2026-11-18")]


def test_fractions_keep_their_digits(provider: FakeProvider, fetched: Fetched) -> None:
    provider.last_body = b'{"result": {"items": [{"id": "c1", "cost": 0.10000000000000000001}]}}'
    provider.faults = [Fault("repeated")]

    (row,) = fetched(KIND, **CONFIG)

    assert json.loads(row) == {"id": "c1", "cost": "0.10000000000000000001"}


def test_a_link_to_another_host_is_not_followed(provider: FakeProvider, fetched: Fetched) -> None:
    provider.last_body = b'{"result": {"items": []}, "meta": {"next": "http://other.example/2"}}'
    provider.faults = [Fault("repeated")]

    with pytest.raises(Denied, match="on another host"):
        fetched(KIND, **CONFIG, paging="link", next="meta.next")


def test_pages_in_a_circle_end(provider: FakeProvider, fetched: Fetched) -> None:
    provider.last_body = b'{"result": {"items": []}, "meta": {"cursor": "1"}}'
    provider.faults = [Fault("repeated")] * 2

    with pytest.raises(PullFailed, match="lead in a circle"):
        fetched(KIND, **CONFIG, paging="cursor", next="meta.cursor")


def test_an_interface_that_does_not_know_pages_is_found_out(
    provider: FakeProvider, fetched: Fetched
) -> None:
    provider.calls = FIVE[:1]

    with pytest.raises(Denied, match="does not page by number"):
        fetched(KIND, **CONFIG, paging="number", page_param="seite")


def test_rows_elsewhere_fail_the_pull(fetched: Fetched) -> None:
    with pytest.raises(PullFailed, match=r"no list of rows at 'data\.rows'"):
        fetched(KIND, **(CONFIG | {"rows": "data.rows"}))


def test_the_credential_is_sent_as_the_interface_wants_it(
    provider: FakeProvider, fetched: Fetched
) -> None:
    with pytest.raises(Denied):
        fetched(KIND, **CONFIG, credential="abc", header="X-Key", scheme="plain")
    with pytest.raises(Denied):
        fetched(KIND, **CONFIG, credential="")

    assert provider.asked[0].headers["x-key"] == "abc"
    assert "authorization" not in provider.asked[0].headers
    assert "authorization" not in provider.asked[1].headers


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"map": "started_at"}, "no line of the form field = value"),
        ({"map": "started_at = at\nmodel = model\nteam = x"}, "team"),
        ({"map": "model = model"}, "started_at"),
        ({"set": "provider = openai\nmodel = gpt-5"}, "both mapped and set"),
        ({"paging": "cursor"}, "at which path"),
        ({"paging": "spiral"}, "cannot be 'spiral'"),
        ({"header": "X Key"}, "letters, digits and dashes"),
        ({"map": ""}, "is missing"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], sentence: str) -> None:
    config = {"address": "http://api.example", "map": MAP, "set": "provider = openai"}

    with pytest.raises(Refused, match=sentence):
        KIND.checked(config | changes)
