"""A thousand pushes of a hundred records from sixteen connections to the real web process.

Each push is stored, priced and judged against the caps before its answer. One bare COPY of the
same stored rows in the same run says what the machine could do at most.
"""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from benchmarks.bare_copy import bare_copy_seconds

PUSHES, RECORDS, CONNECTIONS = 1_000, 100, 16
LEAST_PER_S, MOST_P99_MS = 3_000, 500
MODELS = (("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-flash"))
START = datetime(2026, 11, 1, tzinfo=UTC)


def run(folder: Path) -> dict[str, Any]:
    from ingestion.models import Event  # noqa: PLC0415 -- Django is set up by the caller
    from tests.live import Web  # noqa: PLC0415 -- as above

    headers = {"Authorization": f"Bearer {_token()}", "Content-Type": "application/json"}
    bodies = list(_bodies())
    with Web() as web, ThreadPoolExecutor(CONNECTIONS) as pool:
        warm = _send(web.url, headers, [_body(-1, random.Random(1))])
        assert len(warm) == 1  # noqa: S101 -- a benchmark of refused pushes says nothing
        started = time.perf_counter()
        lanes = [bodies[lane::CONNECTIONS] for lane in range(CONNECTIONS)]
        sent = pool.map(lambda lane: _send(web.url, headers, lane), lanes)
        taken = [seconds for lane in sent for seconds in lane]
        seconds = time.perf_counter() - started
    rows = Event.objects.count()
    assert rows == (PUSHES + 1) * RECORDS, rows  # noqa: S101 -- as above
    taken.sort()
    per_s, p99_ms = PUSHES * RECORDS / seconds, taken[int(len(taken) * 0.99) - 1] * 1000
    bare_per_s = rows / bare_copy_seconds(folder)
    return {
        "name": "push",
        "records_per_s": round(per_s),
        "least_per_s": LEAST_PER_S,
        "p50_ms": round(taken[len(taken) // 2] * 1000),
        "p99_ms": round(p99_ms),
        "most_p99_ms": MOST_P99_MS,
        "bare_copy_rows_per_s": round(bare_per_s),
        "ratio": round(per_s / bare_per_s, 3),
        "passed": per_s >= LEAST_PER_S and p99_ms <= MOST_P99_MS,
    }


def _token() -> str:
    from org.models.tokens import Scope  # noqa: PLC0415 -- as above
    from org.operations.tokens import issue_token  # noqa: PLC0415 -- as above
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    ed = gather().ed
    at = datetime.now(UTC)
    _, secret = issue_token(
        user=ed, name="router", scopes=[Scope.USAGE_WRITE], expires_at=None, by=ed, at=at
    )
    return secret


def _bodies() -> Iterator[bytes]:
    dice = random.Random(3)
    yield from (_body(number, dice) for number in range(PUSHES))


def _body(push: int, dice: random.Random) -> bytes:
    return json.dumps([_record(push * RECORDS + place, dice) for place in range(RECORDS)]).encode()


def _record(number: int, dice: random.Random) -> dict[str, Any]:
    provider, model = dice.choice(MODELS)
    person = int(3000 * dice.random() ** 9)
    return {
        "id": f"call-{number}",
        "started_at": (START + timedelta(seconds=number % 86_400)).isoformat(),
        "provider": provider,
        "model": model,
        "user": f"p{person}@example.org",
        "workflow": f"flow-{person % 40}",
        "tokens": {"in_text": dice.randint(50, 8000), "out_text": dice.randint(1, 900)},
    }


def _send(url: str, headers: dict[str, str], bodies: list[bytes]) -> list[float]:
    """Send bodies one after another over one connection; return the seconds of each."""
    taken = []
    with httpx.Client(trust_env=False, timeout=30) as client:
        for body in bodies:
            started = time.perf_counter()
            answer = client.post(f"{url}/api/v1/usage", content=body, headers=headers)
            taken.append(time.perf_counter() - started)
            if answer.status_code != HTTPStatus.OK:
                raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
    return taken
