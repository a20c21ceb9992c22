"""REST: what a script sends in, watches, and asks."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ingestion.models import Chunk, CostStatus, Delivery, Reject, SpendChange
from tests.factories.ingestion import assign, book, new_delivery, new_slice
from tests.factories.org import ApiTokenFactory
from tests.ingestion.conftest import Deliver
from tests.org_cast import Cast

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
NOVEMBER = {"from": "2026-11-01", "to": "2026-12-01"}


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


@pytest.fixture
def spending(cast: Cast) -> None:
    reply = new_slice(workflow="reply")
    assign(reply, cast.support)
    book(reply, FIRST, "1.000000000001", calls=2)
    book(reply, SECOND, "0", status=CostStatus.UNPRICED, calls=3)
    claim = new_slice(provider="anthropic", model="claude", workflow="=1+1")
    assign(claim, cast.claims)
    book(claim, SECOND, "-0.25", status=CostStatus.STATED)


def usage(text: str = "id,started_at\n") -> SimpleUploadedFile:
    return SimpleUploadedFile("usage.csv", text.encode(), content_type="text/csv")


def errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [(error["pointer"], error["detail"]) for error in answer.json()["errors"]]


def test_a_file_is_taken_in_and_can_be_followed(fiona: Client) -> None:
    sent = fiona.post(
        "/api/v1/imports",
        {
            "source": "csv",
            "account": "prod",
            "file": usage(),
            "map[in_text]": "ContextTokens",
            "set[model]": "gpt-4o",
        },
    )

    delivery = Delivery.objects.get()
    assert sent.status_code == 202
    assert sent.headers["Location"] == f"http://testserver/api/v1/imports/{delivery.pk}"
    assert (delivery.column_map, delivery.fixed_values) == (
        {"in_text": "ContextTokens"},
        {"model": "gpt-4o"},
    )
    assert fiona.get(sent.headers["Location"]).json() == sent.json()
    assert sent.json() == {
        "id": delivery.pk,
        "source": "csv",
        "account": "prod",
        "state": "queued",
        "mends": None,
        "mended_by": [],
        "progress": 0.0,
        "stages": [
            {"stage": "detect", "state": "done"},
            {"stage": "split", "state": "now"},
            {"stage": "load", "state": "next"},
            {"stage": "settle", "state": "next"},
        ],
        "parts": {"done": 0, "all": 0},
        "rows_per_second": None,
        "seconds_left": None,
        "counts": {
            "rows": 0,
            "loaded": 0,
            "duplicate": 0,
            "conflict": 0,
            "rejected": 0,
            "unpriced": 0,
            "late": 0,
        },
        "doubts": [],
        "usd": "0.000000000000",
        "currency": "USD",
        "reason": "",
        "started_at": None,
        "finished_at": None,
    }


def test_the_same_key_sends_a_file_in_once(fiona: Client) -> None:
    for _ in range(2):
        fiona.post(
            "/api/v1/imports",
            {"source": "csv", "file": usage()},
            headers={"Idempotency-Key": "nightly-1"},
        )

    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("form", "pointers"),
    [
        ({"source": "csv"}, ["/file"]),
        ({"file": "yes"}, ["/source"]),
        ({"source": "csv", "file": "yes", "mapp[x]": "y"}, ["/mapp[x]"]),
        ({"source": "csv", "file": "yes", "map[]": "y"}, ["/map[]"]),
    ],
)
def test_a_form_that_cannot_be_taken_names_its_fields(
    fiona: Client, form: dict[str, Any], pointers: list[str]
) -> None:
    if "file" in form:
        form = form | {"file": usage()}

    answer = fiona.post("/api/v1/imports", form)

    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == pointers
    assert not Delivery.objects.exists()


def test_progress_is_the_share_of_bytes_that_are_read(fiona: Client) -> None:
    delivery = new_delivery(state=Delivery.State.RUNNING, rows=30, loaded=30)
    for number, (start, end, state) in enumerate(
        [(0, 300, Chunk.State.DONE), (300, 400, Chunk.State.PENDING)]
    ):
        Chunk.objects.create(
            delivery=delivery,
            number=number,
            starts_at_byte=start,
            ends_at_byte=end,
            first_line=1,
            state=state,
        )

    assert fiona.get(f"/api/v1/imports/{delivery.pk}").json()["progress"] == 0.75


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_imports_takes_as_many_queries_for_three_as_for_one(
    fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [new_delivery() for _ in range(count)]

    with django_assert_num_queries(6):
        answer = fiona.get("/api/v1/imports").json()

    assert [row["id"] for row in answer["results"]] == [row.pk for row in reversed(made)]
    assert answer["next"] is None


def test_a_list_of_imports_keeps_one_state(fiona: Client) -> None:
    failed = new_delivery(state=Delivery.State.FAILED, reason="No header.")
    new_delivery()

    answer = fiona.get("/api/v1/imports", {"state": "failed"}).json()

    assert [row["id"] for row in answer["results"]] == [failed.pk]
    assert errors(fiona.get("/api/v1/imports", {"state": "lost"}))[0][0] == "/state"


def test_an_import_that_does_not_exist_is_a_problem(fiona: Client) -> None:
    answer = fiona.get("/api/v1/imports/999999")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_rejected_rows_come_back_with_their_reasons_and_cannot_run_as_formulas(
    fiona: Client,
) -> None:
    delivery = new_delivery(rows=2, rejected=2)
    for line, raw in ((7, "=HYPERLINK(1)"), (3, 'a,"b\nc"')):
        Reject.objects.create(
            delivery=delivery, line=line, field="in_text", reason="1e3 is no count.", raw=raw
        )

    answer = fiona.get(f"/api/v1/imports/{delivery.pk}/rejects")

    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["line", "field", "reason", "raw"],
        ["3", "in_text", "1e3 is no count.", 'a,"b\nc"'],
        ["7", "in_text", "1e3 is no count.", "'=HYPERLINK(1)"],
    ]


@pytest.mark.parametrize("name", ["grace", "aud", "stan"])
def test_who_may_not_send_files_is_told_so(cast: Cast, client: Client, name: str) -> None:
    client.force_login(getattr(cast, name))

    assert client.post("/api/v1/imports", {"source": "csv", "file": usage()}).status_code == 403


def test_a_token_without_the_scope_is_refused(cast: Cast, client: Client) -> None:
    ApiTokenFactory.create(secret="tok_s", user=cast.fiona, scopes=["policy:read"])

    answer = client.get("/api/v1/spend", headers={"Authorization": "Bearer tok_s"})

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "This token lacks the scope spend:read; it has policy:read.",
    )


def test_spend_is_exact_to_the_last_decimal_and_names_what_it_is(
    cast: Cast, client: Client, spending: None
) -> None:
    ApiTokenFactory.create(secret="tok_s", user=cast.carl, scopes=["spend:read"])
    changed_at = datetime(2026, 11, 20, 6, 10, tzinfo=UTC)
    SpendChange.objects.create(unit_ids=[], cost_object_ids=[], recorded_at=changed_at)

    answer = client.get(
        "/api/v1/spend",
        NOVEMBER | {"group_by": ["unit", "model"], "granularity": "day"},
        headers={"Authorization": "Bearer tok_s"},
    )

    assert answer.json() == {
        "from": "2026-11-01",
        "to": "2026-12-01",
        "granularity": "day",
        "measure": "effective",
        "currency": "USD",
        "rows": [
            {
                "unit": "support",
                "model": "gpt-5",
                "period": "2026-11-01",
                "value": "1.000000000001",
                "unpriced_calls": 0,
            },
            {
                "unit": "support",
                "model": "gpt-5",
                "period": "2026-11-02",
                "value": "0.000000000000",
                "unpriced_calls": 3,
            },
            {
                "unit": "claims",
                "model": "claude",
                "period": "2026-11-02",
                "value": "-0.250000000000",
                "unpriced_calls": 0,
            },
        ],
        "totals": {"value": "0.750000000001", "calls": 6, "tokens": 45, "unpriced_calls": 3},
        "statuses": {
            "unpriced": {"value": None, "calls": 3},
            "estimated": {"value": "1.000000000001", "calls": 2},
            "stated": {"value": "-0.250000000000", "calls": 1},
        },
        "as_of": "2026-11-20T06:10:00Z",
    }


def test_spend_is_filtered_by_every_value_given(fiona: Client, spending: None) -> None:
    url = "/api/v1/spend?from=2026-11-01&to=2026-12-01&group_by[]=workflow&filter[model]=gpt-5"
    answer = fiona.get(f"{url}&filter[model]=claude&filter[provider]=openai&measure=calls")

    assert answer.json()["rows"] == [
        {"workflow": "reply", "period": None, "value": "5", "unpriced_calls": 3}
    ]


@pytest.mark.parametrize("how", ["header", "link"])
def test_spend_as_csv_keeps_decimals_and_runs_no_formula(
    fiona: Client, spending: None, how: str
) -> None:
    asked = NOVEMBER | {"group_by": "workflow"} | ({"format": "csv"} if how == "link" else {})
    headers = {"Accept": "text/csv"} if how == "header" else {}

    answer = fiona.get("/api/v1/spend", asked, headers=headers)

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].endswith('"spend-2026-11-01-2026-12-01.csv"')
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
        ["workflow", "period", "value", "unpriced_calls"],
        ["reply", "", "1.000000000001", "3"],
        ["'=1+1", "", "-0.250000000000", "0"],
    ]


@pytest.mark.parametrize(
    ("asked", "pointer", "detail"),
    [
        ({"from": "1.11."}, "/from", "`from` must be a day such as 2026-11-01, not '1.11.'."),
        (
            {"from": "2026-11-02", "to": "2026-11-02"},
            "/to",
            "`to` is the first day outside, so it lies after `from`: not 2026-11-02 to 2026-11-02.",
        ),
        (
            {"groupby": "unit"},
            "/groupby",
            (
                "`groupby` is not a parameter. "
                "There are from, to, measure, granularity, group_by, filter[…]."
            ),
        ),
        (
            {"filter[colour]": "red"},
            "/filter/colour",
            (
                "`colour` is not an attribute of spend. There are unit, initiative, provider, "
                "account, model, key, person, project, workflow, task_type, environment, tag.NAME."
            ),
        ),
        (
            {"measure": "usd"},
            "/measure",
            "`measure` must be one of effective, billed, list, tokens, calls, not 'usd'.",
        ),
        (
            {"filter[unit]": "payments"},
            "/filter/unit",
            "There is no unit 'payments' that you may see.",
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_why(
    fiona: Client, asked: dict[str, str], pointer: str, detail: str
) -> None:
    answer = fiona.get("/api/v1/spend", asked)

    assert answer.status_code == 422
    assert errors(answer) == [(pointer, detail)]


def test_without_dates_the_last_thirty_days_are_meant(fiona: Client) -> None:
    answer = fiona.get("/api/v1/spend").json()

    start, end = date.fromisoformat(answer["from"]), date.fromisoformat(answer["to"])
    assert end - start == timedelta(days=30)
    assert answer["rows"] == []
    assert Decimal(answer["totals"]["value"]) == 0


def test_a_manager_reads_her_own_units_spend_alone(
    cast: Cast, client: Client, spending: None
) -> None:
    client.force_login(cast.grace)

    rows = client.get("/api/v1/spend", NOVEMBER | {"group_by": "unit"}).json()["rows"]

    assert rows == [
        {"unit": "support", "period": None, "value": "1.000000000001", "unpriced_calls": 3}
    ]


def test_an_import_is_undone_over_the_api(cast: Cast, fiona: Client, deliver: Deliver) -> None:
    delivery = deliver(
        "id,started_at,provider,model,in_text,cost_usd\n"
        "r1,2026-11-02T10:00:00Z,openai,gpt-5,1,9.75\n"
    )
    address = f"/api/v1/imports/{delivery.pk}/undo"

    unsaid = fiona.post(address, {}, content_type="application/json")
    done = fiona.post(address, {"reason": "Sent twice."}, content_type="application/json")
    again = fiona.post(address, {"reason": "Sent twice."}, content_type="application/json")

    assert errors(unsaid) == [("/reason", "This field is required.")]
    assert (done.status_code, done.json()["state"]) == (200, "undone")
    assert (again.status_code, again.json()["detail"]) == (409, "This import was undone already.")


def test_an_engineer_does_not_undo_over_the_api(
    cast: Cast, client: Client, deliver: Deliver
) -> None:
    client.force_login(cast.ed)
    delivery = deliver("id,started_at,provider,model\nr1,2026-11-02T10:00:00Z,openai,gpt-5\n")

    answer = client.post(
        f"/api/v1/imports/{delivery.pk}/undo", {"reason": "x"}, content_type="application/json"
    )

    assert answer.status_code == 403
