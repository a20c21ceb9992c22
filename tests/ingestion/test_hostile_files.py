"""Whatever is sent, it is refused in words or read within bounds, and the worker goes on."""

import csv
import io
import multiprocessing
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import pytest

from ingestion.exports import csv_lines
from ingestion.models import Delivery
from ingestion.operations.deliveries import submit_file
from ingestion.operations.work import do_next
from ingestion.queries.deliveries import REJECT_COLUMNS
from tests.ingestion.hostile import GOOD, LIMITS, Hostile, forged_parquet
from tests.ingestion.hostile_corpus import FILES
from tests.ingestion.hostile_reading import MEMORY_BYTES, Reading, read_bounded
from tests.org_cast import gather

# A fresh process that has read everything there is to import, and has no threads yet.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.ingestion.hostile_reading"])
# A million rejected rows would only be slow to store.
MANY = 1_000


def reading_of(file: Hostile, folder: Path) -> Reading:
    path = folder / "delivered"
    path.write_bytes(file.make())
    ours, theirs = SERVER.Pipe()
    child = SERVER.Process(
        target=read_bounded, args=(theirs, path, file.source, file.options, LIMITS)
    )
    child.start()
    theirs.close()
    try:
        reading: Reading = ours.recv()
    except EOFError:
        child.join()
        pytest.fail(f"The process that read it ended with {child.exitcode}.")
    child.join()
    return reading


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_hostile_file_is_refused_in_words_or_read_within_bounds(
    file: Hostile, tmp_path: Path
) -> None:
    reading = reading_of(file, tmp_path)

    assert reading.peak_bytes <= MEMORY_BYTES
    assert file.refusal in reading.refusal
    assert bool(reading.refusal) == bool(file.refusal)
    assert (reading.rows, reading.loaded) == (file.rows, file.loaded)
    assert [
        (told, expected)
        for told, expected in zip_longest(reading.reasons, file.reasons, fillvalue="?")
        if not told.startswith(expected)
    ] == []


@pytest.mark.parametrize("seed", range(12))
def test_a_parquet_file_with_a_forged_footer_is_refused_or_read_within_bounds(
    seed: int, tmp_path: Path
) -> None:
    reading = reading_of(Hostile(f"forged {seed}", lambda: forged_parquet(seed)), tmp_path)

    assert reading.peak_bytes <= MEMORY_BYTES
    assert reading.refusal


def test_nothing_climbs_out_of_an_archive(tmp_path: Path) -> None:
    climbing = next(file for file in FILES if file.name == "zip that climbs")

    reading_of(climbing, tmp_path)

    assert not Path("/tmp/climbed.csv").exists()  # noqa: S108 — where it would have climbed to
    assert sorted(path.name for path in tmp_path.iterdir()) == ["delivered", "delivered.prepared"]


def test_a_rejected_formula_is_harmless_in_the_file_of_rejects(tmp_path: Path) -> None:
    formula = next(file for file in FILES if file.name == "formulas")
    (reason,) = reading_of(formula, tmp_path).reasons
    sent = "=cmd|' /C calc'!A0"

    lines = list(csv_lines(REJECT_COLUMNS, [(2, "in_text", reason, sent), (3, "", "-1", "@x")]))

    assert [row[3] for row in csv.reader(lines[1:])] == [f"'{sent}", "'@x"]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_them_all_and_the_next_good_file_loads(at: datetime) -> None:
    gather()
    sent = [submit(file, at=at) for file in FILES if file.rows < MANY]
    good = submit(Hostile("good", lambda: GOOD), at=at)
    clock = at

    # Every look is later than the grace of a claim, so that attempts follow one another.
    while do_next(at=clock):
        clock += timedelta(minutes=1)

    left = Delivery.objects.filter(pk__in=[delivery.pk for delivery in sent])
    assert set(left.values_list("state", flat=True)) == {Delivery.State.FAILED, Delivery.State.DONE}
    assert left.filter(state=Delivery.State.FAILED, reason="").count() == 0
    good.refresh_from_db()
    assert (good.state, good.loaded) == (Delivery.State.DONE, 1)


def submit(file: Hostile, *, at: datetime) -> Delivery:
    return submit_file(
        file=io.BytesIO(file.make()),
        filename=file.name,
        source=file.source,
        account=file.name,
        column_map=file.options.map,
        fixed_values=file.options.set,
        by=None,
        at=at,
    )
