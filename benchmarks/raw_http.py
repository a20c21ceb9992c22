"""HTTP as cheaply as Python can ask: whole requests written, answers only counted.

A client that costs more than the server would measure itself.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

END_OF_HEADERS = b"\r\n\r\n"


def request(path: str, *, host: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def place_of(url: str) -> tuple[str, int]:
    """Return the host and the port of a server on this machine."""
    found = urlsplit(url)
    return found.hostname or "", found.port or 0


@dataclass
class Asking(asyncio.Protocol):
    """One connection that asks the same again as soon as it is answered; answers have no body."""

    asked: bytes
    until_s: float
    answered: int = 0
    wrong: int = 0
    status: bytes = b" 304 "
    is_done: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- a TCP connection is one
        self._transport = transport
        self._kept = b""
        transport.write(self.asked)

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if not self._kept.endswith(END_OF_HEADERS):
            return
        self.answered += 1
        self.wrong += self.status not in self._kept[:20]
        self._kept = b""
        if time.monotonic() < self.until_s:
            self._transport.write(self.asked)
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.is_done.set()


async def requests_per_s(
    url: str, asked: bytes, *, status: bytes, connections: int, for_s: float
) -> float:
    """Return how many requests a second the server answers over so many connections."""
    (host, port), loop = place_of(url), asyncio.get_running_loop()
    started = time.monotonic()
    askers = []
    for _ in range(connections):
        _, asker = await loop.create_connection(
            lambda: Asking(asked, started + for_s, status=status), host, port
        )
        askers.append(asker)
    await asyncio.gather(*(asker.is_done.wait() for asker in askers))
    if any(asker.wrong for asker in askers):
        raise RuntimeError("The server did not answer as it should.")
    return sum(asker.answered for asker in askers) / (time.monotonic() - started)


class Waiting(asyncio.Protocol):
    """One long poll; remembers when the first byte of its answer came."""

    def __init__(self, asked: bytes, on_answer: Callable[[], None]) -> None:
        self._asked, self._on_answer = asked, on_answer
        self.answered_at_s: float | None = None
        self.head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- a TCP connection is one
        transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        if self.answered_at_s is None:
            self.answered_at_s, self.head = time.monotonic(), data[:20]
            self._on_answer()


async def wait_in_line(
    url: str, asked: bytes, *, people: int
) -> tuple[list[Waiting], asyncio.Event]:
    """Open so many long polls; return them, and the event of the last one's answer."""
    (host, port), loop = place_of(url), asyncio.get_running_loop()
    everybody, left = asyncio.Event(), people

    def answered() -> None:
        nonlocal left
        left -= 1
        if not left:
            everybody.set()

    waiting = []
    for _ in range(people):
        _, one = await loop.create_connection(lambda: Waiting(asked, answered), host, port)
        waiting.append(one)
    return waiting, everybody
