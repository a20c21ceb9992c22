"""A kind of connector: what the registry knows of every one, and what one pull is given."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from ingestion.connectors.web import Web
from ingestion.readers.contract import Refused
from org.sealing import Secret

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Field:
    """A setting of a kind, as its form asks for it; all are texts."""

    name: str
    label: str
    help: str = ""
    default: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One pull: the settings, the credential, and the half-open window it covers.

    Local folders lie beneath `drop_dir`.
    """

    config: Mapping[str, str]
    credential: Secret
    starts_at: datetime
    ends_at: datetime
    drop_dir: Path

    def setting(self, name: str) -> str:
        return self.config.get(name, "")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that lies in a folder; another `etag` under the same path is another file."""

    path: str
    etag: str
    size_bytes: int


class Folder(Protocol):
    """A place where files are dropped; listing and reading raise PullFailed."""

    def listed(self) -> Iterable[Found]: ...

    def opened(self, found: Found) -> AbstractContextManager[IO[bytes]]: ...


# Yields the pieces of the file to load, in order; a line feed follows each.
Fetch = Callable[[Ask, Web], Iterator[bytes]]
OpenFolder = Callable[[Ask], Folder]
Headers = Callable[[Ask], Mapping[str, str]]


def no_headers(_ask: Ask) -> Mapping[str, str]:
    return {}


def bearer(ask: Ask) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {ask.credential.reveal()}"}


def nothing_more(_config: Mapping[str, str]) -> None:
    """Refuse nothing beside what the fields themselves demand."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is set up, asked and loaded.

    `source` names the reader; "" means that the setting `source` does. Either `fetch` or
    `open_folder` is given. A bucketed kind is asked again for its trailing days, since
    providers restate them; another one from `overlap` before the last pull's end, and the
    ledger knows the calls that come again. `check` raises Refused.
    """

    name: str
    title: str
    source: str
    fields: tuple[Field, ...]
    credential: str = ""
    needs_credential: bool = True
    is_bucketed: bool = False
    overlap: timedelta = DAY
    headers: Headers = no_headers
    fetch: Fetch | None = None
    open_folder: OpenFolder | None = None
    check: Callable[[Mapping[str, str]], None] = nothing_more

    def source_of(self, config: Mapping[str, str]) -> str:
        return self.source or config.get("source", "")

    def checked(self, config: Mapping[str, str]) -> dict[str, str]:
        """Return the settings of this kind, the defaults put in; raises Refused."""
        values = {f.name: config.get(f.name, "").strip() or f.default for f in self.fields}
        for field in self.fields:
            _check_field(field, values[field.name])
        self.check(values)
        return values


def address(default: str = "", *, help: str = "") -> Field:  # noqa: A002 — the field's own word
    """Return the field of the address that a kind asks; it begins with http:// or https://."""
    return Field("address", "Address", help, default=default, required=True)


def day_window(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """Widen a window to whole UTC days: a bucket asked for in part would come cut short."""
    return midnight(starts_at), midnight(ends_at - timedelta.resolution) + DAY


def midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def pairs(text: str) -> dict[str, str]:
    """Part lines of 'field = value'; raises Refused for a line without an equals sign."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise Refused(f"{line!r} is no line of the form field = value.")
        found[name.strip()] = value.strip()
    return found


def check_address(text: str) -> None:
    """Raise Refused for what is no plain address of a web server."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise Refused(f"The address cannot be read: {error}.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused("An address begins with http:// or https:// and names a host.")
    if parts.username or parts.password:
        raise Refused("Put no name or password into the address: it is shown to others.")
    if parts.fragment:
        raise Refused("The address has a part behind #, which no server is sent.")


def _check_field(field: Field, value: str) -> None:
    if field.required and not value:
        raise Refused(f"{field.label} is missing.")
    if field.choices and value not in _values(field.choices):
        raise Refused(f"{field.label} cannot be {value!r}.")
    if field.name == "address" and value:
        check_address(value)


def _values(choices: Sequence[tuple[str, str]]) -> set[str]:
    return {value for value, _ in choices}
