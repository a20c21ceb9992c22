"""Drop folders: each new file once, whole ones only, nothing from outside."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.connectors import folder, s3
from ingestion.connectors.kind import Ask
from ingestion.connectors.registry import kind_named
from ingestion.models import Connector, Delivery, Event, Pull, PulledFile
from ingestion.readers.contract import Refused
from org.sealing import Secret, seal
from tests.factories.connectors import new_connector
from tests.fakes.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, FakeS3, running_s3
from tests.ingestion.operations.conftest import Beat
from tests.org_cast import Cast

HEADER = "id,started_at,provider,model,in_text,out_text\n"
HOUR = timedelta(hours=1)


def usage(*names: str) -> bytes:
    rows = (f"{name},2026-11-19T10:00:00Z,openai,gpt-4o,1000,100\n" for name in names)
    return (HEADER + "".join(rows)).encode()


@pytest.fixture
def drop_dir(settings: Any, tmp_path: Path) -> Path:
    settings.TOKENOPS_DROP_DIR = str(tmp_path / "drop")
    (tmp_path / "drop" / "usage" / "deep").mkdir(parents=True)
    return tmp_path / "drop"


@pytest.fixture
def dropped(drop_dir: Path, beat: Beat) -> Any:
    """Return a function that drops a file a minute before the test's time."""

    def drop(name: str, content: bytes, *, seconds_ago: int = 60) -> Path:
        path = drop_dir / "usage" / name
        path.write_bytes(content)
        moment = beat.now.timestamp() - seconds_ago
        os.utime(path, (moment, moment))
        return path

    return drop


@pytest.fixture
def local(cast: Cast, drop_dir: Path) -> Connector:
    config = folder.KIND.checked({"path": "usage", "source": "tokenops"})
    return new_connector(
        by=cast.fiona, kind="folder", config=config, sealed_credential=None, interval_minutes=60
    )


def test_each_new_file_is_loaded_once(local: Connector, dropped: Any, beat: Beat) -> None:
    dropped("a.csv", usage("r1", "r2"))
    dropped("deep/b.csv", usage("r3"))
    beat.turn()
    beat.turn(HOUR)

    assert Event.objects.count() == 3
    assert [d.filename for d in Delivery.objects.order_by("pk")] == ["a.csv", "b.csv"]
    taken = PulledFile.objects.order_by("pk").values_list("path", flat=True)
    assert list(taken) == ["usage/a.csv", "usage/deep/b.csv"]
    assert [p.reason for p in Pull.objects.order_by("pk")] == ["", "There was nothing new."]
    assert {p.state for p in Pull.objects.all()} == {"done"}


def test_a_file_that_changed_is_loaded_again_and_counts_what_is_new(
    local: Connector, dropped: Any, beat: Beat
) -> None:
    dropped("a.csv", usage("r1"))
    beat.turn()
    dropped("a.csv", usage("r1", "r2"))

    beat.turn(HOUR)

    last = Delivery.objects.order_by("-pk")[0]
    assert (last.rows, last.loaded, last.duplicate) == (2, 1, 1)
    assert PulledFile.objects.count() == 2


def test_files_that_are_not_whole_yet_are_left(
    local: Connector, dropped: Any, drop_dir: Path, beat: Beat
) -> None:
    dropped("young.csv", usage("r1"), seconds_ago=10)
    dropped("half.csv.part", usage("r2"))
    dropped(".hidden.csv", usage("r3"))
    (drop_dir / "usage" / ".git").mkdir()
    dropped(".git/config.csv", usage("r4"))

    beat.turn()
    assert not Delivery.objects.exists()

    beat.turn(HOUR)
    assert [d.filename for d in Delivery.objects.all()] == ["young.csv"]


def test_links_lead_nowhere(local: Connector, drop_dir: Path, tmp_path: Path, beat: Beat) -> None:
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "secret.csv").write_bytes(usage("r1"))
    (drop_dir / "usage" / "link.csv").symlink_to(secret / "secret.csv")
    (drop_dir / "usage" / "folder").symlink_to(secret)

    beat.turn(HOUR)

    assert Pull.objects.get().state == "done"
    assert not Delivery.objects.exists()


def test_a_folder_that_became_a_link_to_elsewhere_is_refused(
    local: Connector, drop_dir: Path, tmp_path: Path, beat: Beat
) -> None:
    (drop_dir / "usage" / "deep").rmdir()
    (drop_dir / "usage").rmdir()
    (drop_dir / "usage").symlink_to(tmp_path)

    beat.turn()

    assert "not beneath the drop folder" in Pull.objects.get().reason


def test_a_folder_that_is_not_there_is_said_so(
    local: Connector, drop_dir: Path, beat: Beat
) -> None:
    (drop_dir / "usage" / "deep").rmdir()
    (drop_dir / "usage").rmdir()

    beat.turn()

    assert Pull.objects.get().reason == "There is no folder usage in the drop folder."


def test_a_file_that_cannot_be_read_leaves_the_others(
    local: Connector, dropped: Any, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped("a.csv", usage("r1"))
    dropped("b.csv", usage("r2"))
    opened = Path.open

    def open_all_but_a(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_all_but_a)
    beat.turn()

    local.refresh_from_db()
    assert local.last_error == "usage/a.csv cannot be read: Permission denied."
    assert [d.filename for d in Delivery.objects.all()] == ["b.csv"]


def test_more_files_than_one_pull_takes_are_taken_by_the_next(
    local: Connector, dropped: Any, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.operations.fetching.MOST_FILES", 2)
    for name in "abc":
        dropped(f"{name}.csv", usage(name))

    beat.turn()
    local.refresh_from_db()
    assert Pull.objects.get().reason == "More files wait: the next pull takes them."
    assert local.next_run_at == beat.now

    beat.turn()
    assert Delivery.objects.count() == 3


@pytest.mark.parametrize("path", ["/etc", "../etc", "usage/../../etc"])
def test_a_folder_stays_beneath_the_drop_folder(path: str) -> None:
    with pytest.raises(Refused, match="beneath the drop folder"):
        folder.KIND.checked({"path": path, "source": "tokenops"})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"source": "csv"}, "Say what the columns"),
        ({"map": "model = Model"}, "tokenops takes no map: model cannot be mapped"),
        ({"source": "magic"}, "cannot be 'magic'"),
        ({"set": "export = actual"}, "tokenops takes no value for export: it takes sheet."),
        (
            {"source": "azure-costs", "set": "export = both"},
            "takes actual or amortized for export, not 'both'",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        folder.KIND.checked({"path": "usage", "source": "tokenops"} | changes)


def test_some_reports_are_told_by_a_set_value_what_they_are() -> None:
    given = {"path": "azure", "source": "azure-costs", "set": "export = actual"}

    assert folder.KIND.checked(given)["set"] == "export = actual"


def test_any_csv_is_dropped_with_its_map(cast: Cast, dropped: Any, beat: Beat) -> None:
    config = folder.KIND.checked(
        {
            "path": "usage",
            "source": "csv",
            "map": "started_at = When\nin_text = In",
            "set": "provider = openai\nmodel = gpt-4o",
        }
    )
    new_connector(by=cast.fiona, kind="folder", config=config, sealed_credential=None)
    dropped("x.csv", b"When,In\n2026-11-19T10:00:00Z,1000\n")

    beat.turn()

    assert Event.objects.get().slice.model == "gpt-4o"


# S3


@pytest.fixture
def store() -> Iterator[FakeS3]:
    with running_s3() as store:
        yield store


@pytest.fixture
def bucket(cast: Cast, store: FakeS3) -> Connector:
    config = s3.KIND.checked(
        {
            "bucket": BUCKET,
            "prefix": "usage/",
            "endpoint": store.url,
            "access_key_id": ACCESS_KEY_ID,
            "source": "tokenops",
        }
    )
    sealed = seal(Secret(SECRET_ACCESS_KEY))
    return new_connector(
        by=cast.fiona, kind="s3", config=config, sealed_credential=sealed, interval_minutes=60
    )


def test_each_new_object_beneath_the_prefix_is_loaded_once(
    bucket: Connector, store: FakeS3, beat: Beat
) -> None:
    store.objects = {
        "usage/": b"",
        "usage/a.csv": usage("r1"),
        "usage/b b.csv": usage("r2"),
        "usage/c.csv.tmp": usage("r3"),
        "usage/d.csv": usage("r4"),
        "other/e.csv": usage("r5"),
    }
    beat.turn()
    store.objects["usage/a.csv"] = usage("r1", "r6")
    beat.turn(HOUR)

    assert Event.objects.count() == 4
    assert [f.path for f in PulledFile.objects.order_by("pk")] == [
        "usage/a.csv",
        "usage/b b.csv",
        "usage/d.csv",
        "usage/a.csv",
    ]
    assert {p.state for p in Pull.objects.all()} == {"done"}


def test_a_wrong_key_is_refused_without_what_was_signed(
    bucket: Connector, store: FakeS3, beat: Beat
) -> None:
    bucket.config = bucket.config | {"access_key_id": "AKIAWRONG"}
    bucket.save()

    beat.turn()

    assert Pull.objects.get().reason == (
        "The bucket exports cannot be listed: the credential is refused (InvalidAccessKeyId)."
    )


def test_an_object_that_breaks_off_is_not_loaded(
    bucket: Connector, store: FakeS3, beat: Beat
) -> None:
    store.objects = {"usage/a.csv": usage("r1"), "usage/b.csv": usage("r2")}
    store.breaks_off = {"usage/a.csv"}

    beat.turn()

    bucket.refresh_from_db()
    assert bucket.last_error.startswith("usage/a.csv broke off")
    assert [f.path for f in PulledFile.objects.all()] == ["usage/b.csv"]


def test_an_object_replaced_after_the_listing_is_left_to_the_next_pull(store: FakeS3) -> None:
    store.objects = {"usage/a.csv": usage("r1")}
    config = {"bucket": BUCKET, "endpoint": store.url, "access_key_id": ACCESS_KEY_ID}
    checked = s3.KIND.checked(config | {"source": "tokenops"})
    ask = s3_ask(checked)
    opened = s3.open_folder(ask)
    (found,) = opened.listed()
    store.objects["usage/a.csv"] = usage("r2")

    with pytest.raises(Exception, match=r"usage/a\.csv cannot be read: PreconditionFailed"):
        opened.opened(found)


def s3_ask(config: dict[str, str]) -> Ask:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    return Ask(config, Secret(SECRET_ACCESS_KEY), moment, moment, Path())


def test_metadata_services_are_not_asked() -> None:
    config = {"bucket": BUCKET, "endpoint": "http://169.254.169.254", "source": "tokenops"}

    with pytest.raises(Exception, match="link-local"):
        s3.open_folder(s3_ask(kind_named("s3").checked(config)))


def test_a_bucket_is_a_plain_name() -> None:
    with pytest.raises(Refused, match="without slashes"):
        s3.KIND.checked({"bucket": "a/b", "source": "tokenops"})
