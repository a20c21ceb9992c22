"""Doubts: rows that were taken although they are odd, counted once and told in words."""

import io
import json
import re
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

from ingestion.models import Delivery, Doubt
from ingestion.operations import load
from ingestion.operations.deliveries import submit_file
from ingestion.operations.plan import plan_delivery
from ingestion.operations.push import receive_records
from ingestion.operations.work import do_next
from ingestion.readers.doubts import SENTENCES, sentence_of
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES
from tests.ingestion.test_workers import Clock
from tests.org_cast import Cast, gather
from tests.races import race

CACHED, ROUNDED = "DQ_NEGATIVE_CLASS", "DQ_ROUNDED_TO_ZERO"
TOTAL = "DQ_TOTAL_MISMATCH"


def call(number: int, *, cached: int = 0, total: int = 15) -> str:
    """Return a call of LiteLLM's with 10 tokens in, of which some were cached, and 5 out."""
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    row = {
        "request_id": f"r{number}",
        "startTime": "2026-11-19T10:00:00Z",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": total,
        "metadata": {
            "usage_object": {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": total,
                **details,
            }
        },
    }
    return json.dumps(row) + "\n"


def kept() -> list[tuple[str, int, int]]:
    return list(Doubt.objects.order_by("code").values_list("code", "rows", "first_line"))


def submit(content: str, at: datetime) -> Delivery:
    delivery = submit_file(
        file=io.BytesIO(content.encode()), filename="log.ndjson", source="litellm", account="",
        column_map={}, fixed_values={}, by=None, at=at,
    )  # fmt: skip
    plan_delivery(delivery_id=delivery.pk, at=at)
    return delivery


def test_odd_calls_are_counted_with_the_first_of_them(cast: Cast, deliver: Deliver) -> None:
    odd = call(2, cached=12) + call(3, cached=13)

    delivery = deliver(call(1) + odd, source="litellm", filename="log.ndjson")

    assert (delivery.loaded, delivery.rejected) == (3, 0)
    doubt = delivery.doubts.get(code=CACHED)
    assert (doubt.rows, doubt.first_line, doubt.first_field) == (2, 2, "usage")
    assert doubt.first_text == odd[:200]


def test_odd_lines_of_a_report_are_counted_too(cast: Cast, deliver: Deliver) -> None:
    content = (SAMPLES / "anthropic_console_costs.csv").read_bytes()

    deliver(content, source="anthropic-console-costs")

    assert kept() == [(ROUNDED, 1, 3)]


def test_what_is_not_odd_raises_no_doubt(cast: Cast, deliver: Deliver) -> None:
    deliver(call(1, cached=4), source="litellm", filename="log.ndjson")

    assert kept() == []


@override_settings(TOKENOPS_CHUNK_BYTES=600)
def test_parts_add_up_in_any_order(cast: Cast, at: datetime) -> None:
    delivery = submit("".join(call(n, cached=12) for n in range(9)), at)
    assert delivery.chunks.count() > 3

    for chunk in delivery.chunks.order_by("-number"):
        load.load_chunk(chunk_id=chunk.pk, at=at)

    assert (CACHED, 9, 1) in kept()


@pytest.mark.django_db(transaction=True)
@override_settings(TOKENOPS_CHUNK_BYTES=600)
def test_a_part_that_is_tried_again_is_counted_once(
    at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather()
    submit("".join(call(n, cached=12) for n in range(9)), at)
    finish, died = load._finish, list[object]()  # noqa: SLF001 -- the last thing of a load, after its counts

    def die_once(*args: object, **more: object) -> None:
        if not died:
            died.append(kept())
            raise MemoryError("no room")
        finish(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(load, "_finish", die_once)
    clock = Clock(at)
    while do_next(at=clock.later()):
        pass

    assert Delivery.objects.get().state == "done"
    assert len(died) == 1
    assert (CACHED, 9, 1) in kept()


@pytest.mark.django_db(transaction=True)
@override_settings(TOKENOPS_CHUNK_BYTES=300)
def test_workers_on_parts_with_different_doubts_count_them_all(at: datetime) -> None:
    gather()
    rows = [call(n, cached=12) if n % 2 else call(n, total=99) for n in range(12)]
    delivery = submit("".join(rows), at)

    chunks = list(delivery.chunks.all())
    outcomes = race(*(partial(load.load_chunk, chunk_id=chunk.pk, at=at) for chunk in chunks))

    assert outcomes == [True] * len(chunks)
    assert {code: rows for code, rows, _ in kept()}[CACHED] == 6
    assert {code: rows for code, rows, _ in kept()}[TOTAL] >= 6


def test_pushes_of_a_day_add_up(cast: Cast, at: datetime) -> None:
    for number in (1, 2):
        record = json.loads(call(number, cached=12))
        receive_records(records=[record], by=cast.ed, at=at, source="litellm")

    assert Delivery.objects.get().loaded == 2
    assert {code: rows for code, rows, _ in kept()}[CACHED] == 2


def test_the_page_of_an_import_tells_them_in_words(
    cast: Cast, client: Client, deliver: Deliver
) -> None:
    client.force_login(cast.fiona)
    delivery = deliver(
        call(1) + call(2, cached=12) + call(3, cached=12), source="litellm", filename="log.ndjson"
    )

    page = client.get(f"/data/imports/{delivery.pk}/").text

    assert "Read with doubts" in page
    assert "2 rows cached more tokens than they read" in page
    assert "line 2, usage" in page
    sound = deliver(call(9), source="litellm", filename="log.ndjson")
    assert "Read with doubts" not in client.get(f"/data/imports/{sound.pk}/").text


def test_the_api_tells_them_of_an_import(cast: Cast, client: Client, deliver: Deliver) -> None:
    client.force_login(cast.fiona)
    content = (SAMPLES / "anthropic_console_costs.csv").read_bytes()
    delivery = deliver(content, source="anthropic-console-costs")

    [doubt] = client.get(f"/api/v1/imports/{delivery.pk}").json()["doubts"]

    assert doubt.pop("text").startswith("2026-03-02,Claude 3.5 Sonnet")
    assert doubt == {
        "code": ROUNDED,
        "rows": 1,
        "sentence": "1 row stated a cost of 0.00, which is anything under half a cent.",
        "line": 3,
        "field": "row",
    }


def test_every_doubt_has_its_words_and_stands_in_the_documents() -> None:
    root = Path(settings.BASE_DIR)
    files = [*(root / "ingestion" / "readers").glob("*.py"), root / "finops" / "tokens.py"]
    raised = {code for path in files for code in re.findall(r'"(DQ_[A-Z_]+)"', path.read_text())}

    told = set(re.findall(r"`(DQ_[A-Z_]+)`", (root / "docs" / "sources.md").read_text()))
    assert raised == set(SENTENCES) == told


@pytest.mark.parametrize(
    ("code", "rows", "sentence"),
    [
        ("DQ_NO_TOKENS", 1, "1 row did not tell how many tokens it used."),
        ("DQ_NO_TOKENS", 1204, "1,204 rows did not tell how many tokens they used."),
        ("DQ_OF_TOMORROW", 2, "2 rows raised the doubt DQ_OF_TOMORROW."),
    ],
)
def test_a_sentence_counts_its_rows(code: str, rows: int, sentence: str) -> None:
    assert sentence_of(code, rows) == sentence
