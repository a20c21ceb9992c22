"""The requests a sidecar makes of the server, and what their answers mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from tokenops_sidecar import __version__
from tokenops_sidecar.acceptance import Received
from tokenops_sidecar.clock import wall
from tokenops_sidecar.document import MOST_BYTES
from tokenops_sidecar.reading import Node, Unacceptable, read_json
from tokenops_sidecar.signature import Key, read_keys

LONGEST_WAIT_S = 30
_PATIENCE_S = 10.0
_SERVER_ERRORS_FROM = 500
_COME_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Unavailable(Exception):
    """The server cannot be asked now; `retry_after_s` is what it said about when."""

    def __init__(self, problem: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s


class Denied(Exception):
    """The server answers, and will answer the same again: the request or the token is wrong."""

    def __init__(self, status: int, problem: str, answer: httpx.Response | None = None) -> None:
        super().__init__(problem)
        self.status, self.answer = status, answer


class RejectedRecord(NamedTuple):
    place: int
    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of pushed records, and the revision that holds after them."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: Sequence[RejectedRecord]
    revision: int


class Server:
    """The REST interface of TokenOps, as a router's token may use it."""

    def __init__(self, url: str, *, token: str, sidecar: str, trust_env: bool = True) -> None:
        self._sidecar = sidecar
        self._http = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/api/v1",
            headers={
                "Authorization": f"Bearer {token}",
                "User-Agent": f"tokenops-sidecar/{__version__}",
            },
            timeout=_PATIENCE_S,
            trust_env=trust_env,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def policy(self, *, etag: str, wait_s: int) -> Received | None:
        """Return the document, after at most a wait; None while the one of the ETag holds."""
        headers = {"If-None-Match": etag} if etag else {}
        query: dict[str, str | int] = {"sidecar": self._sidecar}
        if etag and wait_s:
            query["wait"] = wait_s
        patience = httpx.Timeout(_PATIENCE_S, read=wait_s + _PATIENCE_S)
        answer = await self._ask("GET", "/policy", params=query, headers=headers, timeout=patience)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            if not etag:
                raise Unavailable("The server says that nothing changed, and nothing is here yet.")
            return None
        announced = answer.headers.get("tokenops-revision", "")
        return Received(
            body=answer.content,
            signature=answer.headers.get("tokenops-signature", ""),
            etag=answer.headers.get("etag", ""),
            announced=int(announced) if announced.isascii() and announced.isdecimal() else 0,
        )

    async def keys(self) -> dict[str, Key]:
        return read_keys(node_of(await self._ask("GET", "/policy/keys")))

    async def borrow(self, wanted: Mapping[str, Any], *, key: str) -> httpx.Response:
        """Ask for a lease; the same key again is answered with the same lease."""
        body = {"sidecar": self._sidecar, **wanted}
        return await self._ask("POST", "/leases", json=body, headers={"Idempotency-Key": key})

    async def settle(self, lease: str, used: Mapping[str, Any]) -> None:
        """Tell what a lease was used for so far."""
        await self._ask("POST", f"/leases/{quote(lease, safe='')}/settle", json=used)

    async def push(self, records: Sequence[Mapping[str, Any]]) -> Receipt:
        """Send usage; raises Denied where the server will take none of it."""
        body = json.dumps(records, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        found = node_of(await self._ask("POST", "/usage", content=body, headers=headers))
        revision = found.maybe("revision")
        return Receipt(
            accepted=found.at("accepted").whole(),
            duplicate=found.at("duplicate").whole(),
            conflict=found.at("conflict").whole(),
            rejected=[
                RejectedRecord(item.at("index").whole(), item.at("detail").text())
                for item in found.at("rejected").items()
            ],
            revision=revision.whole() if revision else 0,
        )

    async def report(
        self,
        *,
        revision: int,
        applied_at: str | None,
        errors: Sequence[Mapping[str, Any]],
        signals: Sequence[Mapping[str, Any]],
    ) -> None:
        """Tell which revision is obeyed (an ACK), which was refused (a NACK), and what was seen."""
        status = {
            "sidecar": self._sidecar,
            "version": __version__,
            "revision": revision,
            "applied_at": applied_at,
            "errors": list(errors),
            "signals": list(signals),
        }
        await self._ask("POST", "/policy/status", json=status)

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return a good answer, read no further than its bound; raise for any other."""
        try:
            async with self._http.stream(method, path, **request) as answer:
                content = await _bounded(answer)
        except httpx.HTTPError as error:
            raise Unavailable(f"The server cannot be reached: {error!r}") from error
        status = answer.status_code
        if answer.is_success or status == HTTPStatus.NOT_MODIFIED:
            return httpx.Response(status, headers=_plain(answer.headers), content=content)
        problem = f"{method} {path}: {status} {content[:300].decode(errors='replace')}"
        if status >= _SERVER_ERRORS_FROM or status in _COME_AGAIN:
            raise Unavailable(problem, retry_after_s=retry_after_s(answer.headers))
        raise Denied(
            status, problem, httpx.Response(status, headers=_plain(answer.headers), content=content)
        )


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return the pause that `Retry-After` asks for: seconds, or an instant (RFC 9110, 10.2.3)."""
    asked = headers.get("retry-after", "")
    if asked.isdecimal():
        return float(asked)
    try:
        return max((parsedate_to_datetime(asked) - wall()).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0


async def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > MOST_BYTES:
            break  # one byte too many is enough to be refused
    return bytes(content)


def _plain(headers: httpx.Headers) -> httpx.Headers:
    """Return the headers without those of the transfer: the content is unpacked already."""
    ours = headers.copy()
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        ours.pop(name, None)
    return ours


def node_of(answer: httpx.Response) -> Node:
    try:
        return read_json(answer.content)
    except Unacceptable as error:
        raise Unavailable(f"The answer is not the server's: {error}") from error
