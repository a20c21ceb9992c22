"""Usage on disk: nothing kept is lost, nothing half written comes out, full is said."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tokenops_sidecar.spool import Spool, SpoolFull


def record(number: int) -> dict[str, Any]:
    return {"id": f"call-{number}", "model": "gpt-5", "user": "café\u2028"}


def ids(spool: Spool) -> list[str]:
    return [one["id"] for one in spool.waiting(most=1000).records]


def test_what_was_appended_waits_in_order_and_survives_another_process(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    first.append([record(0), record(1)])
    first.append([record(2)])
    first.close()

    again = Spool(tmp_path)

    assert ids(again) == ["call-0", "call-1", "call-2"]
    assert again.waiting(most=2).end == 2
    assert again.waiting(most=1).records == [record(0)]


def test_what_was_acknowledged_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=1)  # a segment for each append
    for number in range(3):
        spool.append([record(number)])

    spool.acknowledge(2)

    assert ids(spool) == ["call-2"]
    assert len(list(tmp_path.glob("*.ndjson"))) == 1
    spool.close()
    assert ids(Spool(tmp_path)) == ["call-2"]


def test_places_go_on_after_everything_was_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([record(0), record(1)])
    spool.acknowledge(2)
    spool.close()

    again = Spool(tmp_path)

    assert (again.depth, again.append([record(2)])) == (0, 2)
    assert ids(again) == ["call-2"]
    again.close()


def test_half_a_record_is_cut_off(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([record(0)])
    spool.close()
    (segment,) = tmp_path.glob("*.ndjson")
    with segment.open("ab") as file:
        file.write(b'{"id":"call-1","mod')

    again = Spool(tmp_path)
    again.append([record(2)])

    assert ids(again) == ["call-0", "call-2"]
    again.close()


def test_a_lost_mark_sends_again_rather_than_not_at_all(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([record(0), record(1)])
    spool.acknowledge(1)
    spool.close()
    (tmp_path / "acknowledged").unlink()

    assert ids(Spool(tmp_path)) == ["call-0", "call-1"]


def test_a_full_spool_says_so_keeps_what_it_has_and_has_room_again_later(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=120, segment_bytes=1)
    spool.append([record(0)])
    spool.append([record(1)])

    with pytest.raises(SpoolFull, match="120 bytes"):
        spool.append([record(2)])

    assert spool.is_full
    assert ids(spool) == ["call-0", "call-1"]
    spool.acknowledge(1)
    spool.append([record(3)])
    assert not spool.is_full
    assert ids(spool) == ["call-1", "call-3"]
    spool.close()


def test_a_disk_that_fills_up_in_the_middle_leaves_no_half_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.append([record(0)])

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(SpoolFull, match="No space left on device"):
            spool.append([record(1)])

    spool.append([record(2)])
    assert ids(spool) == ["call-0", "call-2"]
    spool.close()


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append([record(0)])
    spool.acknowledge(0)
    spool.close()

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "spool").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


def test_what_append_returned_from_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys, itertools\n"
        "from pathlib import Path\n"
        "from tokenops_sidecar.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), segment_bytes=200)\n"
        "for number in itertools.count():\n"
        "    spool.append([{'id': f'call-{number}'}])\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    ) as process:
        assert process.stdout is not None
        for _ in range(20):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split()]
    last = max([last, *said])

    kept = ids(Spool(tmp_path))

    assert kept[: last + 1] == [f"call-{number}" for number in range(last + 1)]
