"""`GET /focus` and `manage.py focus`: the same rows as a file, for whom they are meant."""

import csv
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingestion.focus.columns import COLUMNS
from ingestion.models import CostStatus
from ingestion.queries.attributes import ATTRIBUTES
from org.models.tokens import Scope
from tests.factories.ingestion import assign, book, new_slice
from tests.factories.org import ApiTokenFactory
from tests.org_cast import Cast

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
NOVEMBER = {"from": "2026-11-01", "to": "2026-12-01"}
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture
def spending(cast: Cast) -> None:
    reply = new_slice(workflow="reply")
    assign(reply, cast.support)
    book(reply, FIRST, "1.000000000001")
    book(reply, SECOND, "0", status=CostStatus.UNPRICED)
    claim = new_slice(workflow="claim")
    assign(claim, cast.claims)
    book(claim, SECOND, "2")


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def workflows(text: str) -> list[str]:
    return [row["x_Workflow"] for row in csv.DictReader(StringIO(text))]


def test_a_file_of_the_period_is_streamed_as_csv(fiona: Client, spending: None) -> None:
    answer = fiona.get("/api/v1/focus", NOVEMBER)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="focus-2026-11-01-2026-12-01.csv"'
    )
    assert answer.streaming
    text = content(answer).decode()
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert workflows(text) == ["reply"] * 3 + ["reply"] * 3 + ["claim"] * 3


@pytest.mark.parametrize("how", ["header", "parameter"])
def test_parquet_is_asked_for_by_accept_or_by_format(
    how: str, fiona: Client, spending: None
) -> None:
    if how == "header":
        answer = fiona.get("/api/v1/focus", NOVEMBER, headers={"accept": PARQUET})
    else:
        answer = fiona.get("/api/v1/focus", NOVEMBER | {"format": "parquet"})

    assert answer.headers["Content-Type"] == PARQUET
    assert answer.headers["Content-Disposition"].endswith('.parquet"')
    assert pyarrow.parquet.read_table(BytesIO(content(answer))).num_rows == 9


def test_a_filter_holds_for_the_file(fiona: Client, spending: None) -> None:
    answer = fiona.get("/api/v1/focus", NOVEMBER | {"filter[workflow]": "claim"})

    assert set(workflows(content(answer).decode())) == {"claim"}


def test_a_manager_gets_her_unit_alone(cast: Cast, client: Client, spending: None) -> None:
    client.force_login(cast.grace)

    answer = client.get("/api/v1/focus", NOVEMBER)

    assert set(workflows(content(answer).decode())) == {"reply"}


@pytest.mark.parametrize(
    ("parameters", "pointer", "sentence"),
    [
        (
            {"group_by": "model"},
            "/group_by",
            "`group_by` is not a parameter here: the file has every row.",
        ),
        (
            {"to": "2026-10-01"},
            "/to",
            "`to` is the first day outside, so it lies after `from`: not 2026-11-01 to 2026-10-01.",
        ),
        (
            {"filter[colour]": "red"},
            "/filter/colour",
            f"`colour` is not an attribute of spend. There are {', '.join(ATTRIBUTES)}, tag.NAME.",
        ),
        (
            {"filter[unit]": "mars"},
            "/filter/unit",
            "There is no unit 'mars' that you may see.",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    parameters: dict[str, str], pointer: str, sentence: str, fiona: Client
) -> None:
    answer = fiona.get("/api/v1/focus", NOVEMBER | parameters)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [(e["pointer"], e["detail"]) for e in answer.json()["errors"]] == [(pointer, sentence)]


def test_a_token_needs_the_scope_to_read_spend(cast: Cast, client: Client, spending: None) -> None:
    def ask(scope: Scope) -> Any:
        secret = f"tok_{scope.value}"
        ApiTokenFactory.create(user=cast.carl, scopes=[scope], secret=secret)
        return client.get("/api/v1/focus", NOVEMBER, headers={"authorization": f"Bearer {secret}"})

    assert ask(Scope.USAGE_WRITE).status_code == 403
    assert ask(Scope.SPEND_READ).status_code == 200


def test_a_stranger_gets_nothing(client: Client, spending: None) -> None:
    assert client.get("/api/v1/focus", NOVEMBER).status_code in {401, 403}


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("focus", *arguments, stderr=said)
    return said.getvalue().strip()


def test_the_command_writes_a_file_of_everything(spending: None, tmp_path: Path) -> None:
    path = tmp_path / "november.csv"

    said = run("--from", "2026-11-01", "--to", "2026-12-01", "--out", str(path))

    assert said == ("9 rows, 3 of them without a price; effective cost 3.000000000001 USD.")
    assert set(workflows(path.read_text())) == {"reply", "claim"}
    assert [each.name for each in tmp_path.iterdir()] == ["november.csv"]


def test_the_command_writes_to_standard_output(
    spending: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run("--from", "2026-11-02", "--to", "2026-11-03", "--format", "parquet")

    table = pyarrow.parquet.read_table(BytesIO(capfdbinary.readouterr().out))
    assert table.num_rows == 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--from", "2026-11-01", "--to", "2026-11-01"],
            (
                "--from 2026-11-01 --to 2026-11-01 is no time: A period must end after it starts, "
                "not 2026-11-01 to 2026-11-01."
            ),
        ),
        (
            ["--from", "yesterday", "--to", "2026-11-01"],
            "--from yesterday --to 2026-11-01 is no time: Invalid isoformat string: 'yesterday'",
        ),
    ],
)
def test_the_command_refuses_what_is_no_time(
    arguments: list[str], sentence: str, cast: Cast
) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)

    assert str(refusal.value) == sentence


def test_a_place_that_cannot_be_written_is_named(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "focus.csv"

    with pytest.raises(CommandError) as refusal:
        run("--from", "2026-11-01", "--to", "2026-12-01", "--out", str(path))

    assert str(refusal.value) == f"{path} cannot be written: No such file or directory."
