"""The last good policy comes back after a restart; a damaged one is as good as none."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from samples import AT, Signer

from tokenops_sidecar.acceptance import Accepted, accept
from tokenops_sidecar.store import Store

SIGNER = Signer()
KEYS = {"k1": SIGNER.key}


def kept(folder: Path) -> Accepted:
    accepted = accept(SIGNER.received(), keys=KEYS, last=None, at=AT)
    Store(folder).keep(accepted, keys=KEYS, at=AT)
    return accepted


def test_what_was_kept_comes_back_with_its_keys_and_its_hour(tmp_path: Path) -> None:
    accepted = kept(tmp_path)

    found = Store(tmp_path).load(pinned={}, at=AT + timedelta(hours=1))

    assert found is not None
    assert found.accepted.policy == accepted.policy
    assert found.accepted.received.body == accepted.received.body
    assert (found.keys, found.confirmed_at) == (KEYS, AT)


def test_an_hour_that_is_still_to_come_is_not_believed(tmp_path: Path) -> None:
    kept(tmp_path)

    found = Store(tmp_path).load(pinned={}, at=AT - timedelta(seconds=1))

    assert found is not None
    assert found.confirmed_at is None


def test_nothing_comes_back_where_nothing_was_kept(tmp_path: Path) -> None:
    assert Store(tmp_path).load(pinned={}, at=AT) is None


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_file_that_is_cut_off_is_as_good_as_none(tmp_path: Path, cut: int) -> None:
    kept(tmp_path)
    path = tmp_path / "policy.json"
    path.write_bytes(path.read_bytes()[:cut])

    assert Store(tmp_path).load(pinned={}, at=AT) is None


def test_a_document_changed_on_the_disk_is_not_obeyed(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / "policy.json"
    content = json.loads(path.read_bytes())
    content["body"] = content["body"][:-8] + "AAAAAAA="
    path.write_text(json.dumps(content))

    assert Store(tmp_path).load(pinned={}, at=AT) is None


def test_keys_put_on_the_disk_do_not_stand_in_for_pinned_ones(tmp_path: Path) -> None:
    kept(tmp_path)

    assert Store(tmp_path).load(pinned={"k1": Signer().key}, at=AT) is None
    assert Store(tmp_path).load(pinned=KEYS, at=AT) is not None


def test_a_policy_is_for_its_owner_alone_and_leaves_nothing_beside(tmp_path: Path) -> None:
    kept(tmp_path / "state")

    files = sorted((tmp_path / "state").iterdir())
    assert [path.name for path in files] == ["confirmed", "policy.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
