"""Requests a second through LiteLLM's proxy with the sidecar in it, and without, in one run.

The proxies run side by side and are asked in turns, so that what else the machine does falls on
all. The providers are mocked: what is measured is the proxy, which a real answer that takes a
second would hide. A third proxy has a callback that does nothing: what LiteLLM itself spends on
having one. Processor time is counted too, for other work of the machine does not change it.
"""

import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

ROUNDS, REQUESTS, CONNECTIONS = 15, 60, 8
LEAST_RATIO = 0.95
SIDECAR_TESTS = Path(__file__).resolve().parent.parent / "sidecar" / "tests"
MODELS = {"gpt-5": {"mock_response": "Short."}}
CALL = {"metadata": {"workflow": "answers"}, "max_tokens": 20}


# An empty module of the same hooks.
EMPTY = """
from litellm.integrations.custom_logger import CustomLogger

class Empty(CustomLogger):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        return data
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        pass
    async def async_post_call_failure_hook(self, request_data, original_exception,
                                           user_api_key_dict, traceback_str=None):
        pass

callback = Empty()
"""


class Round(NamedTuple):
    """What one proxy did in one round: requests a second, processor time for each."""

    per_s: float
    cpu_ms: float


def run(folder: Path) -> dict[str, Any]:
    from tests.loop.proxy import BIN, Proxy, environment_of  # noqa: PLC0415 -- Django is set up only now

    if not (BIN / "litellm").exists():
        return {"name": "litellm", "skipped": "run `make setup-litellm` first", "passed": True}
    sys.path[:0] = [str(SIDECAR_TESTS), str(SIDECAR_TESTS.parent)]
    from agents import publish_cap  # noqa: PLC0415 -- found only now
    from fake_server import FakeServer  # noqa: PLC0415 -- as above

    (folder / "empty_callback.py").write_text(EMPTY)
    with ExitStack() as stack:
        server = stack.enter_context(FakeServer())
        publish_cap(server, "1000000.00")
        server.bank.most_usd = Decimal(25)
        sidecar = environment_of(server.url, folder / "sidecar", token=server.url)  # any will do
        empty = {"PYTHONPATH": str(folder)}
        proxies = {
            "with": Proxy(folder / "with", models=MODELS, callback=sidecar),
            "empty": Proxy(
                folder / "empty", models=MODELS, callback=empty, name="empty_callback.callback"
            ),
            "without": Proxy(folder / "without", models=MODELS, callback={}),
        }
        for proxy in proxies.values():
            _round(stack.enter_context(proxy))  # warm
        rounds = [{name: _round(proxy) for name, proxy in proxies.items()} for _ in range(ROUNDS)]
    ratio = _share(rounds, "without")
    return {
        "name": "litellm",
        **{f"{name}_per_s": round(_median(rounds, name).per_s) for name in proxies},
        **{f"{name}_cpu_ms": round(_median(rounds, name).cpu_ms, 2) for name in proxies},
        "ratio": round(ratio, 3),
        "ratio_to_empty": round(_share(rounds, "empty"), 3),
        "least_ratio": LEAST_RATIO,
        "passed": ratio >= LEAST_RATIO,
    }


def _median(rounds: list[dict[str, Round]], name: str) -> Round:
    found = [each[name] for each in rounds]
    return Round(*(statistics.median(figures) for figures in zip(*found, strict=True)))


def _share(rounds: list[dict[str, Round]], of: str) -> float:
    return statistics.median(each["with"].per_s / each[of].per_s for each in rounds)


def _round(proxy: Any) -> Round:
    """Ask so many times; what a proxy does after its answers counts as its time, too."""
    cpu_s, started = _cpu_s(proxy.pid), time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        if not all(pool.map(lambda number: _is_answered(proxy, number), range(REQUESTS))):
            raise RuntimeError("A call was refused: the rounds cannot be compared.")
    per_s = REQUESTS / (time.perf_counter() - started)
    return Round(per_s, (_cpu_s(proxy.pid) - cpu_s) * 1_000 / REQUESTS)


def _is_answered(proxy: Any, number: int) -> bool:
    return bool(proxy.chat(f"Question {number}", model="gpt-5", **CALL).is_success)


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process and its threads took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")
