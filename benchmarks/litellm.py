"""Requests a second through LiteLLM's proxy with the sidecar in it, and without, in one run.

Both proxies run side by side and are asked in turns, so that what else the machine does falls
on both. The providers are mocked: what is measured is the proxy, which a real answer that takes
a second would hide.
"""

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

ROUNDS, REQUESTS, CONNECTIONS = 9, 200, 8
LEAST_RATIO = 0.95
SIDECAR_TESTS = Path(__file__).resolve().parent.parent / "sidecar" / "tests"
MODELS = {"gpt-5": {"mock_response": "Short."}}
CALL = {"metadata": {"workflow": "answers"}, "max_tokens": 20}


def run(folder: Path) -> dict[str, Any]:
    from tests.loop.proxy import BIN, Proxy, environment_of  # noqa: PLC0415 -- Django is set up only now

    if not (BIN / "litellm").exists():
        return {"name": "litellm", "skipped": "run `make setup-litellm` first", "passed": True}
    sys.path[:0] = [str(SIDECAR_TESTS), str(SIDECAR_TESTS.parent)]
    from agents import publish_cap  # noqa: PLC0415 -- found only now
    from fake_server import FakeServer  # noqa: PLC0415 -- as above

    with ExitStack() as stack:
        server = stack.enter_context(FakeServer())
        publish_cap(server, "1000000.00")
        server.bank.most_usd = Decimal(25)
        callback = environment_of(server.url, folder / "sidecar", token=server.url)  # any will do
        with_it = Proxy(folder / "with", models=MODELS, callback=callback)
        without = Proxy(folder / "without", models=MODELS, callback={})
        proxies = [stack.enter_context(proxy) for proxy in (with_it, without)]
        for proxy in proxies:
            _per_s(proxy)  # warm
        rounds = [[_per_s(proxy) for proxy in proxies] for _ in range(ROUNDS)]
    ratio = statistics.median(with_s / without_s for with_s, without_s in rounds)
    return {
        "name": "litellm",
        "with_per_s": round(statistics.median(with_s for with_s, _ in rounds)),
        "without_per_s": round(statistics.median(without_s for _, without_s in rounds)),
        "ratio": round(ratio, 3),
        "least_ratio": LEAST_RATIO,
        "passed": ratio >= LEAST_RATIO,
    }


def _per_s(proxy: Any) -> float:
    """Return how many requests a second a proxy answers."""

    def ask(number: int) -> bool:
        return bool(proxy.chat(f"Question {number}", model="gpt-5", **CALL).is_success)

    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        if not all(pool.map(ask, range(REQUESTS))):
            raise RuntimeError("A call was refused: the rounds cannot be compared.")
    return REQUESTS / (time.perf_counter() - started)
