"""A folder on this machine: each new file once."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from ingestion.connectors import drops
from ingestion.connectors.kind import Ask, Field, Found, Kind
from ingestion.connectors.web import Denied, PullFailed
from ingestion.readers.contract import Refused

# A file that changed just now may still be growing.
QUIET = timedelta(seconds=30)


class LocalFolder:
    """The files of a folder beneath the drop folder, and of the folders in it."""

    def __init__(self, root: Path, path: str, *, at: datetime) -> None:
        self.root = root.resolve()
        self.folder = (self.root / path).resolve()
        self.at = at
        if not self.folder.is_relative_to(self.root):
            raise Denied("The folder is not beneath the drop folder (TOKENOPS_DROP_DIR).")

    def listed(self) -> Iterator[Found]:
        """Yield the files that are whole, in the order of their paths."""
        if not self.folder.is_dir():
            raise PullFailed(f"There is no folder {self._shown(self.folder)} in the drop folder.")
        for path in sorted(self.folder.rglob("*")):
            if not self._is_taken(path):
                continue
            status = path.stat()
            if datetime.fromtimestamp(status.st_mtime, tz=UTC) <= self.at - QUIET:
                etag = f"{status.st_mtime_ns}-{status.st_size}"
                yield Found(self._shown(path), etag, status.st_size)

    def opened(self, found: Found) -> AbstractContextManager[IO[bytes]]:
        path = (self.root / found.path).resolve()
        if not path.is_relative_to(self.root):
            raise Denied(f"{found.path} leads out of the drop folder.")
        try:
            return path.open("rb")
        except OSError as error:
            raise PullFailed(f"{found.path} cannot be read: {error.strerror}.") from error

    def _is_taken(self, path: Path) -> bool:
        """Test whether a path is a whole file; links are left alone, they may lead anywhere."""
        inside = path.relative_to(self.folder).parts
        return (
            not path.is_symlink()
            and path.is_file()
            and path.resolve().is_relative_to(self.root)
            and all(map(drops.is_whole, inside))
        )

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def open_folder(ask: Ask) -> LocalFolder:
    return LocalFolder(ask.drop_dir, ask.setting("path"), at=ask.ends_at)


def check(config: Mapping[str, str]) -> None:
    """Raise Refused for a path that does not stay beneath the drop folder."""
    path = Path(config["path"])
    if path.is_absolute() or ".." in path.parts:
        raise Refused("The folder is given beneath the drop folder, such as openai/costs.")
    drops.check(config)


KIND = Kind(
    name="folder",
    title="Drop folder on this machine",
    source="",
    fields=(
        Field(
            "path",
            "Folder",
            "Beneath TOKENOPS_DROP_DIR, such as openai/costs. Every worker must see it.",
            required=True,
        ),
        *drops.FIELDS,
    ),
    needs_credential=False,
    open_folder=open_folder,
    check=check,
)
