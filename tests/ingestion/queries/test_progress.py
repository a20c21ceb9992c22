"""How far a delivery is, and what is said while that is not known yet."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from ingestion.models import Chunk, Delivery
from ingestion.queries.deliveries import deliveries
from ingestion.queries.progress import left_in_words, progress_of, with_pace
from tests.factories.ingestion import new_delivery
from tests.org_cast import Cast

State = Delivery.State
PART_BYTES, PART_ROWS = 1_000, 200


def running(*begun_s: int, parts: int, at: datetime) -> Delivery:
    """Return a delivery whose first parts were taken up so many seconds ago, and are loaded."""
    delivery = new_delivery(state=State.RUNNING, started_at=at - timedelta(hours=1))
    for number in range(parts):
        is_done = number < len(begun_s)
        Chunk.objects.create(
            delivery=delivery,
            number=number,
            starts_at_byte=number * PART_BYTES,
            ends_at_byte=(number + 1) * PART_BYTES,
            first_line=1,
            state=Chunk.State.DONE if is_done else Chunk.State.PENDING,
            claimed_at=at - timedelta(seconds=begun_s[number]) if is_done else None,
            rows=PART_ROWS if is_done else 0,
        )
    return with_pace(deliveries()).get(pk=delivery.pk)


def states(delivery: Delivery, at: datetime) -> list[str]:
    return [stage.state for stage in progress_of(delivery, at=at).stages]


def test_pace_and_time_left_are_those_of_the_parts_so_far(cast: Cast, at: datetime) -> None:
    progress = progress_of(running(40, 20, parts=12, at=at), at=at)

    # 400 rows in 40 s; 2,000 bytes in 40 s and 10,000 are left.
    assert (progress.rows_per_second, progress.seconds_left) == (10, 200)
    assert (progress.parts_done, progress.parts, progress.share) == (2, 12, Decimal("0.1667"))
    assert progress.left_in_words == "about 3 minutes left"


def test_the_first_slow_parts_say_nothing_once_eight_have_followed(
    cast: Cast, at: datetime
) -> None:
    slow, quick = [3_000, 2_000], [80, 70, 60, 50, 40, 30, 20, 10]

    progress = progress_of(running(*slow, *quick, parts=20, at=at), at=at)

    # Eight parts in 80 s, and ten are left.
    assert (progress.rows_per_second, progress.seconds_left) == (20, 100)


@pytest.mark.parametrize("begun_s", [(), (30,)])
def test_before_two_parts_are_loaded_nothing_is_known(
    cast: Cast, at: datetime, begun_s: tuple[int, ...]
) -> None:
    progress = progress_of(running(*begun_s, parts=12, at=at), at=at)

    assert (progress.rows_per_second, progress.seconds_left) == (None, None)
    assert progress.left_in_words == "measuring…"


def test_a_pace_falls_while_no_worker_comes(cast: Cast, at: datetime) -> None:
    delivery = running(40, 20, parts=12, at=at)

    later = progress_of(delivery, at=at + timedelta(seconds=60))

    assert (later.rows_per_second, later.seconds_left) == (4, 500)


@pytest.mark.parametrize(
    ("state", "planned_s_ago", "expected"),
    [
        (State.QUEUED, None, ["done", "now", "next", "next"]),
        (State.RUNNING, 5, ["done", "done", "now", "next"]),
        (State.DONE, 5, ["done", "done", "done", "done"]),
        (State.FAILED, None, ["done", "stopped", "next", "next"]),
        (State.QUARANTINED, 5, ["done", "done", "stopped", "next"]),
    ],
)
def test_the_stages_say_where_a_delivery_is(
    cast: Cast, at: datetime, state: str, planned_s_ago: int | None, expected: list[str]
) -> None:
    started_at = at - timedelta(seconds=planned_s_ago) if planned_s_ago else None
    delivery = new_delivery(state=state, started_at=started_at)

    assert states(delivery, at) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "measuring…"),
        (0, "less than a minute left"),
        (59, "less than a minute left"),
        (60, "about 1 minute left"),
        (130, "about 2 minutes left"),
        (3_560, "about 59 minutes left"),
        (3_599, "about 1 hour left"),
        (2 * 3_600 + 1, "about 2 hours left"),
        (72 * 3_600, "about 3 days left"),
    ],
)
def test_a_time_that_is_left_is_said_in_words(seconds: int | None, words: str) -> None:
    assert left_in_words(seconds) == words


def test_the_page_and_the_api_say_the_same(cast: Cast, client: Client, at: datetime) -> None:
    delivery = running(40, parts=12, at=at)
    client.force_login(cast.fiona)

    page = client.get(f"/data/imports/{delivery.pk}/").text
    told = client.get(f"/api/v1/imports/{delivery.pk}").json()

    assert "8.3% · measuring…" in page
    assert ">Load 1 of 12<" in page
    assert "<dt>Speed</dt><dd>measuring…</dd>" in page
    assert (told["parts"], told["seconds_left"]) == ({"done": 1, "all": 12}, None)
    assert told["stages"][2] == {"stage": "load", "state": "now"}


@pytest.mark.parametrize("count", [1, 3])
def test_running_imports_in_a_list_take_as_many_queries_for_three_as_for_one(
    cast: Cast,
    client: Client,
    at: datetime,
    count: int,
    django_assert_num_queries: object,
) -> None:
    for _ in range(count):
        running(40, 20, parts=4, at=at)
    client.force_login(cast.fiona)

    with django_assert_num_queries(6):  # type: ignore[operator]
        answer = client.get("/api/v1/imports")

    assert len(answer.json()["results"]) == count
