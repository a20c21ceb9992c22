"""POST /outcomes and /metrics: what became of each record, and who may send it."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from ingestion.models import Outcome, Revenue
from tests.factories.outcomes import defined, told
from tests.org_cast import Cast

NDJSON = "application/x-ndjson"


@pytest.fixture(autouse=True)
def _defined(cast: Cast, at: datetime) -> None:
    defined(cast, at=at, kind="customer", product="assist")


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    kind = NDJSON if isinstance(body, str) else "application/json"
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(f"/api/v1/{path}", content, content_type=kind, headers=headers)


def test_outcomes_are_answered_like_usage(cast: Cast, client: Client) -> None:
    client.force_login(cast.ed)
    lines = [told("1"), told("1"), told("1", outcome="failure"), told("2", workflow="mystery")]

    answer = post(client, "outcomes", "\n".join(["{broken", *map(json.dumps, lines)]))

    content = answer.json()
    assert answer.status_code == 200
    assert (content["accepted"], content["duplicate"], content["conflict"]) == (1, 1, 1)
    assert [(row["index"], row["id"]) for row in content["rejected"]] == [(0, ""), (4, "2")]
    assert content["rejected"][0]["detail"].startswith("Record 0 is not JSON")
    assert content["rejected"][1]["detail"].startswith("workflow: no outcome definition")


def test_an_idempotency_key_replays_the_answer(cast: Cast, client: Client) -> None:
    client.force_login(cast.ed)
    body = [told("1", value=2.5)]

    first, again = (post(client, "outcomes", body, **{"Idempotency-Key": "k"}) for _ in range(2))

    assert first.json() == again.json() == {
        "accepted": 1, "duplicate": 0, "conflict": 0, "rejected": [],
    }  # fmt: skip
    assert str(Outcome.objects.get().value_usd) == "2.500000"


def test_more_than_five_thousand_are_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ed)

    answer = post(client, "outcomes", [{}] * 5001)

    assert (answer.status_code, Outcome.objects.count()) == (413, 0)
    assert answer.json()["detail"] == "More than 5,000 records in one call: send the rest apart."


def test_a_manager_sends_no_outcomes(cast: Cast, client: Client) -> None:
    client.force_login(cast.grace)

    assert post(client, "outcomes", [told("1")]).status_code == 403


def test_figures_are_kept_whole_or_not_at_all(cast: Cast, client: Client) -> None:
    client.force_login(cast.fiona)
    good = {"product": "assist", "period": "2026-11", "amount_usd": "12000.50"}

    refused = post(client, "metrics/revenue", [good, good | {"product": "nothing"}])
    kept = post(client, "metrics/revenue", [good])

    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "pointer": "/1",
            "detail": "product: no outcome definition names the product 'nothing': "
            "define what is sold first.",
        }
    ]
    assert kept.json() == {"added": 1, "corrected": 0, "unchanged": 0}
    assert Revenue.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("metrics/cogs", {"product": "assist", "period": "2026-11", "amount_usd": "1"}),
        (
            "metrics/headcount",
            {"unit": "support", "period": "2026-11", "people": 3, "loaded_cost_usd": "20000"},
        ),
        (
            "metrics/counts",
            {
                "definition": "ticket-answered",
                "period": "FY2026 P11",
                "started": 5,
                "succeeded": 4,
            },
        ),
    ],
)
def test_each_kind_of_figure_has_its_path(
    cast: Cast, client: Client, path: str, record: dict[str, Any]
) -> None:
    client.force_login(cast.fiona)

    assert post(client, path, [record]).json() == {"added": 1, "corrected": 0, "unchanged": 0}


def test_an_engineer_records_no_revenue_and_an_unread_line_keeps_all_out(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.ed)
    assert post(client, "metrics/revenue", [{}]).status_code == 403

    client.force_login(cast.fiona)
    answer = post(client, "metrics/revenue", "{broken")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/0")


def test_an_empty_body_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ed)

    answer = post(client, "outcomes", "")

    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The body is empty: send records.",
    )
