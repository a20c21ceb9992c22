"""Graded evaluations: told over REST, all or nothing, and the newest of each counts."""

from datetime import date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from ingestion.evaluation_rows import drafts_in, objects_in
from ingestion.models import Evaluation
from ingestion.queries.evaluations import Graded, standing_evaluations
from org.refusals import Invalid
from tests.org_cast import Cast

TOLD: dict[str, Any] = {
    "provider": "acme", "model": "mini-1", "task_type": "drafting", "complexity": "simple",
    "set_name": "replies", "graded": 300, "passed": 291, "grader": "panel",
    "escalated": "0.03", "verify_usd": "0.00002", "shadow_days": 7, "evaluated_on": "2026-11-15",
}  # fmt: skip
KEY = Graded("acme", "mini-1", "drafting", "simple")


@pytest.fixture
def ed(cast: Cast, client: Client, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: at)
    client.force_login(cast.ed)
    return client


def tell(client: Client, *told: dict[str, Any]) -> Any:
    return client.post("/api/v1/evaluations", list(told), content_type="application/json")


def test_what_was_graded_is_told_and_read_back(ed: Client) -> None:
    answer = tell(ed, TOLD)

    assert answer.status_code == 201
    [row] = answer.json()["results"]
    exact = {"escalated": "0.03000", "verify_usd": "0.000020000000"}
    assert {name: row[name] for name in TOLD} == TOLD | exact
    assert (row["recorded_by"], row["source"]) == ("Ed", "set")
    listed = ed.get("/api/v1/evaluations?model=mini-1").json()["results"]
    assert [each["id"] for each in listed] == [row["id"]]
    assert ed.get("/api/v1/evaluations?model=other").json()["results"] == []


def test_the_one_graded_last_counts_and_of_a_day_the_one_told_last(ed: Client) -> None:
    tell(ed, TOLD | {"passed": 290})
    tell(ed, TOLD | {"passed": 280, "evaluated_on": "2026-11-14"})
    tell(ed, TOLD | {"passed": 285})

    assert standing_evaluations()[KEY].passed == 285
    assert standing_evaluations(until=date(2026, 11, 14))[KEY].passed == 280
    assert Evaluation.objects.count() == 3


def test_of_several_none_is_kept_where_one_cannot_be(ed: Client) -> None:
    answer = tell(ed, TOLD, TOLD | {"passed": 301}, TOLD | {"evaluated_on": "2026-11-21"})

    assert answer.status_code == 422
    assert [(each["pointer"], each["detail"]) for each in answer.json()["errors"]] == [
        ("/1/passed", "Evaluation 1: 301 of 300 cannot have passed."),
        ("/2/evaluated_on", "Evaluation 2: 2026-11-21 is not over yet: today is 2026-11-20."),
    ]
    assert not Evaluation.objects.exists()
    assert tell(ed, TOLD | {"complexity": "odd"}).status_code == 422
    assert ed.post(
        "/api/v1/evaluations", TOLD, content_type="application/json"
    ).json()["detail"] == "Send an array of evaluations."  # fmt: skip


def test_managers_neither_tell_nor_read(ed: Client, cast: Cast) -> None:
    ed.force_login(cast.grace)
    assert (tell(ed, TOLD).status_code, ed.get("/api/v1/evaluations").status_code) == (403, 403)


def test_a_csv_file_tells_the_same(cast: Cast) -> None:
    lines = "\ufeff" + ",".join(TOLD) + "\n" + ",".join(str(each) for each in TOLD.values()) + "\n"

    [draft] = drafts_in(objects_in(lines))

    assert (draft.passed, draft.model, draft.source) == (291, "mini-1", "set")
    with pytest.raises(Invalid, match="'n' is no column"):
        objects_in("n,passed\n1,1\n")
    with pytest.raises(Invalid, match="no line below"):
        objects_in(",".join(TOLD))


def test_a_row_is_never_edited_and_the_database_counts_too(ed: Client) -> None:
    tell(ed, TOLD)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Evaluation.objects.update(passed=300)
    row = Evaluation.objects.get()
    row.pk, row.passed = None, 301
    name = "evaluation_passes_no_more_than_was_graded"
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)
