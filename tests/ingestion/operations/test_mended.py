"""Rejected rows, mended and sent again: linked, read alike, and never counted twice."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import pytest

from ingestion.models import Delivery
from ingestion.operations.mended import submit_mended
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from ingestion.queries.mending import CannotMend, file_to_mend
from org.refusals import Invalid
from tests.ingestion.conftest import Deliver
from tests.ingestion.operations.test_undo import spent_usd
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("cast", "report_sources")

Mend = Callable[[Delivery, str], Delivery]
MAP: Mapping[str, str] = {"started_at": "T", "model": "Model", "in_text": "In"}
SET: Mapping[str, str] = {"provider": "openai"}
# gpt-4o at $2.50 a million tokens in.
CSV = "T;Model;In\n2026-11-19T10:00:00Z;gpt-4o;1000\nyesterday;gpt-4o;2000\nnever;gpt-4o;4000\n"
NDJSON = (
    '{"id":"r1","started_at":"2026-11-19T10:00:00Z","provider":"openai","model":"gpt-4o",'
    '"tokens":{"in_text":1000}}\n'
    '{"id":"r2","started_at":"2026-11-19T10:00:00Z","provider":"openai","model":"gpt-4o",'
    '"tokens":{"in_txt":2000}}\n'
)
LITELLM = (
    '{"request_id":"r1","startTime":"2026-11-19T10:00:00Z","endTime":"2026-11-19T10:00:01Z",'
    '"custom_llm_provider":"openai","model":"gpt-4o","prompt_tokens":1000,'
    '"completion_tokens":0,"total_tokens":1000,"spend":0.0025}\n'
    '{"request_id":"r2","startTime":"sometime","endTime":"2026-11-19T10:00:01Z",'
    '"custom_llm_provider":"openai","model":"gpt-4o","prompt_tokens":2000,'
    '"completion_tokens":0,"total_tokens":2000,"spend":0.005}\n'
)
ONE_USD, TWO_USD = Decimal("0.0025"), Decimal("0.005")


@pytest.fixture
def mend(at: datetime) -> Mend:
    """Return a function that sends a mended file in and loads it, as a worker would."""

    def mend(first: Delivery, text: str) -> Delivery:
        mended = submit_mended(
            file=io.BytesIO(text.encode()),
            filename="mended",
            mends=first.pk,
            by=None,
            at=at,
        )
        while do_next(at=at):
            pass
        mended.refresh_from_db()
        return mended

    return mend


def to_mend(delivery: Delivery) -> str:
    return "".join(file_to_mend(delivery).lines)


@pytest.mark.parametrize(
    ("source", "content", "slip"),
    [
        ("tokenops", NDJSON, ("in_txt", "in_text")),
        ("litellm", LITELLM, ("sometime", "2026-11-19T10:00:00Z")),
    ],
)
def test_mended_rows_load_once_and_again_change_nothing(
    deliver: Deliver, mend: Mend, source: str, content: str, slip: tuple[str, str]
) -> None:
    first = deliver(content, source=source, account="main")
    wrong, right = slip
    text = to_mend(first).replace(f'"{wrong}"', f'"{right}"')

    mended, again = mend(first, text), mend(first, f"{text}\n")

    assert (first.loaded, first.rejected) == (1, 1)
    assert (mended.source, mended.account, mended.mends) == (source, "main", first)
    assert (mended.state, mended.loaded, mended.rejected) == (Delivery.State.DONE, 1, 0)
    assert (again.loaded, again.duplicate) == (0, 1)
    assert spent_usd() == ONE_USD + TWO_USD
    assert faults() == []


def test_rows_without_ids_are_known_by_the_row_they_were(deliver: Deliver, mend: Mend) -> None:
    first = deliver(CSV, source="csv", column_map=MAP, fixed_values=SET)
    text = to_mend(first)

    # First one row is mended, then the other, and both are sent again.
    half = text.replace("yesterday;", "2026-11-18T10:00:00Z;")
    one = mend(first, half)
    both = mend(first, half.replace("never;", "2026-11-18T11:00:00Z;"))

    assert text.splitlines()[0].endswith("problem;row;T;Model;In")
    assert (first.loaded, first.rejected) == (1, 2)
    assert (one.loaded, one.rejected, one.column_map) == (1, 1, MAP)
    assert (both.loaded, both.duplicate, both.rejected) == (1, 1, 0)
    assert spent_usd() == 7 * ONE_USD
    assert faults() == []


def test_what_a_mended_file_rejects_is_mended_in_its_turn(deliver: Deliver, mend: Mend) -> None:
    first = deliver(CSV, source="csv", column_map=MAP, fixed_values=SET)
    half = mend(first, to_mend(first).replace("yesterday;", "2026-11-18T10:00:00Z;"))
    text = to_mend(half)

    rest = mend(half, text.replace("never;", "2026-11-18T11:00:00Z;"))
    all_again = mend(
        first,
        to_mend(first)
        .replace("yesterday;", "2026-11-18T10:00:00Z;")
        .replace("never;", "2026-11-18T11:00:00Z;"),
    )

    assert text.splitlines()[1].endswith(";4;never;gpt-4o;4000")
    assert (rest.mends, rest.loaded) == (half, 1)
    assert (all_again.loaded, all_again.duplicate) == (0, 2)
    assert spent_usd() == 7 * ONE_USD
    assert faults() == []


def test_a_row_that_is_mended_otherwise_later_is_a_conflict(deliver: Deliver, mend: Mend) -> None:
    first = deliver(CSV, source="csv", column_map=MAP, fixed_values=SET)
    text = to_mend(first)

    mend(first, text.replace("yesterday;", "2026-11-18T10:00:00Z;"))
    moved = mend(first, text.replace("yesterday;", "2026-11-19T10:00:00Z;"))

    assert (moved.loaded, moved.conflict, moved.rejected) == (0, 1, 1)
    assert spent_usd() == 3 * ONE_USD
    assert faults() == []


def test_rows_whose_marks_were_deleted_load_by_the_content_of_their_file(
    deliver: Deliver, mend: Mend
) -> None:
    first = deliver(CSV, source="csv", column_map=MAP, fixed_values=SET)
    bare = "T;Model;In\n2026-11-18T10:00:00Z;gpt-4o;2000\n"

    mended, again = mend(first, bare), mend(first, bare)

    assert (mended.loaded, again.loaded, again.duplicate) == (1, 0, 1)


def test_a_row_that_had_loaded_is_not_loaded_again_by_its_mark(
    deliver: Deliver, mend: Mend
) -> None:
    first = deliver(CSV, source="csv", column_map=MAP, fixed_values=SET)

    mended = mend(first, "row;T;Model;In\n2;2026-11-19T10:00:00Z;gpt-4o;1000\n")

    assert (mended.loaded, mended.duplicate) == (0, 1)
    assert spent_usd() == ONE_USD


def test_what_cannot_be_mended_row_by_row_says_why(
    deliver: Deliver, mend: Mend, cast: Cast, at: datetime
) -> None:
    clean = deliver(NDJSON.splitlines()[0])
    of_report = deliver(report(line(1, usd="x")), source="acme-usage")
    undone = deliver(NDJSON.replace("r1", "r3"))
    undo_delivery(delivery_id=undone.pk, reason="Wrong.", by=cast.fiona, at=at)

    for delivery, words in [
        (clean, "rejected no row: there is nothing to mend"),
        (of_report, "Rows of acme-usage are not sent again one by one"),
        (undone, "was undone: send the whole file again"),
    ]:
        delivery.refresh_from_db()
        with pytest.raises(CannotMend, match=words):
            file_to_mend(delivery)
        with pytest.raises(Invalid, match=words):
            mend(delivery, "")
    with pytest.raises(Invalid, match="There is no import 0"):
        submit_mended(file=io.BytesIO(), filename="", mends=0, by=None, at=at)
