"""The policy feed: 304s against an empty ASGI callable, and two thousand routers that wait.

Both are served by the same server with one process. The waiting are woken by a scope that a
person blocks; how long it took is counted from the commit.
"""

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from benchmarks.raw_http import Waiting, request, requests_per_s, wait_in_line

LEAST_RATIO = 0.5
CONNECTIONS, FOR_S, ROUNDS = 16, 4.0, 3
WAITERS, MOST_WAKE_P99_S, MOST_MB = 2_000, 0.5, 300
SIDECARS, MOST_KILL_S = 500, 5.0
CAPPED_UNITS = 40


def run(_: Path) -> dict[str, Any]:
    from tests.live import Web  # noqa: PLC0415 -- Django is set up by the caller

    headers = {"Authorization": f"Bearer {_company()}"}
    with Web() as web, _empty() as empty:
        ratio = _not_modified(web.url, empty, headers)
        waiting = asyncio.run(_woken(web.url, headers, people=WAITERS, memory_of=web.pid))
        killed = asyncio.run(_woken(web.url, headers, people=SIDECARS, memory_of=web.pid))
    kill_s = killed["wake_p99_s"]
    passed = (
        ratio["ratio"] >= LEAST_RATIO
        and waiting["wake_p99_s"] <= MOST_WAKE_P99_S
        and waiting["mb"] <= MOST_MB
        and kill_s <= MOST_KILL_S
    )
    limits = {"least_ratio": LEAST_RATIO, "most_wake_p99_s": MOST_WAKE_P99_S, "most_mb": MOST_MB}
    return {
        "name": "feed",
        **ratio,
        **waiting,
        "kill_switch_p99_s_of_500": kill_s,
        **limits,
        "passed": passed,
    }


def _company() -> str:
    """Make a company with capped units and a published policy; return a router's token."""
    from org.models.tokens import Scope  # noqa: PLC0415 -- as above
    from org.operations.tokens import issue_token  # noqa: PLC0415 -- as above
    from policy.operations.publish import publish  # noqa: PLC0415 -- as above
    from policy.operations.scopes import put_scope  # noqa: PLC0415 -- as above
    from tests.factories.org import new_unit  # noqa: PLC0415 -- as above
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    at, cast = datetime.now(UTC), gather()
    put_scope(slug="org", name="Acme", parent_slug=None, at=at)
    for number in range(CAPPED_UNITS):
        unit = new_unit(f"Unit {number}")
        put_scope(slug=f"unit:{unit.slug}", name=unit.name, parent_slug="org", unit=unit, at=at)
    publish(cause="The units", by=cast.carl, at=at)
    _, secret = issue_token(
        user=cast.ed,
        name="router",
        scopes=[Scope.POLICY_READ],
        expires_at=None,
        by=cast.ed,
        at=at,
    )
    return secret


def _not_modified(url: str, empty: str, headers: dict[str, str]) -> dict[str, Any]:
    """Ask both servers in turn, and take each one's best round."""
    known = _ask(url, headers).headers["etag"]
    same = request("/api/v1/policy", host="bench", headers=headers | {"If-None-Match": known})
    nothing = request("/", host="bench", headers={})
    answered, limit = [], []
    for _ in range(ROUNDS):
        answered.append(_rate(url, same, status=b" 304 "))
        limit.append(_rate(empty, nothing, status=b" 204 "))
    return {
        "not_modified_per_s": round(max(answered)),
        "empty_per_s": round(max(limit)),
        "ratio": round(max(answered) / max(limit), 3),
    }


def _rate(url: str, asked: bytes, *, status: bytes) -> float:
    return asyncio.run(
        requests_per_s(url, asked, status=status, connections=CONNECTIONS, for_s=FOR_S)
    )


async def _woken(
    url: str, headers: dict[str, str], *, people: int, memory_of: int
) -> dict[str, Any]:
    """Let so many wait, block the company, and say when they knew."""
    known, mb_before = _ask(url, headers).headers["etag"], _resident_mb(memory_of)
    asked = request(
        "/api/v1/policy?wait=30", host="bench", headers=headers | {"If-None-Match": known}
    )
    waiting, everybody = await wait_in_line(url, asked, people=people)
    await asyncio.sleep(1)  # until the server has read them all
    page_s = await asyncio.to_thread(_page_s, url)
    mb = _resident_mb(memory_of)
    committed_s = await asyncio.to_thread(_block)
    async with asyncio.timeout(30):
        await everybody.wait()
    taken = sorted(_taken(waiting, since_s=committed_s))
    await asyncio.to_thread(_unblock)
    return {
        "waiting": people,
        "wake_p50_s": round(taken[len(taken) // 2], 3),
        "wake_p99_s": round(taken[int(len(taken) * 0.99) - 1], 3),
        "page_meanwhile_s": round(page_s, 3),
        "mb": mb,
        "mb_before": mb_before,
    }


def _taken(waiting: list[Waiting], *, since_s: float) -> Iterator[float]:
    for one in waiting:
        if one.answered_at_s is None or b" 200 " not in one.head:
            raise RuntimeError(f"Somebody who waited was answered {one.head!r}.")
        yield one.answered_at_s - since_s


def _block() -> float:
    """Block the company; return when that was committed."""
    from policy.models import Scope  # noqa: PLC0415 -- as above
    from policy.operations.breaker import block  # noqa: PLC0415 -- as above

    org = Scope.objects.get(slug="org")
    block(scope=org, code="kill_switch", text="A drill.", by=None, at=datetime.now(UTC))
    return time.monotonic()


def _unblock() -> None:
    from policy.models import Scope  # noqa: PLC0415 -- as above
    from policy.operations.breaker import unblock  # noqa: PLC0415 -- as above

    unblock(
        scope=Scope.objects.get(slug="org"), by=None, at=datetime.now(UTC), reason="It is over."
    )


def _page_s(url: str) -> float:
    started = time.perf_counter()
    answer = httpx.get(f"{url}/signin/", trust_env=False, timeout=30)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"The page answered {answer.status_code}.")
    return time.perf_counter() - started


def _ask(url: str, headers: dict[str, str]) -> httpx.Response:
    answer = httpx.get(f"{url}/api/v1/policy", headers=headers, trust_env=False, timeout=30)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
    return answer


def _resident_mb(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


@contextmanager
def _empty() -> Iterator[str]:
    """Run the empty callable under the same server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = ["-m", "uvicorn", "benchmarks.empty_asgi:application", f"--port={port}"]
    process = subprocess.Popen([sys.executable, *serve, "--no-access-log", "--log-level=error"])
    try:
        url = f"http://127.0.0.1:{port}"
        _until_up(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _until_up(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The empty server does not answer.")
