"""Run the benchmarks: `python -m benchmarks [NAME …]`; results go to benchmarks/results/."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import baselines, crossing, decide, feed, leases, litellm, pages, push
from benchmarks.ingest import LOADS
from benchmarks.ingest import run as load
from benchmarks.setting import own_installation

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, Callable[[Path], dict[str, Any]]] = {
    **{f"ingest-{name}": partial(load, load=each, name=name) for name, each in LOADS.items()},
    "baselines": baselines.run,
    "crossing": crossing.run,
    "decide": decide.run,
    "feed": feed.run,
    "leases": leases.run,
    "litellm": litellm.run,
    "pages": pages.run,
    "push": push.run,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 where one misses its limit."""
    RESULTS.mkdir(exist_ok=True)
    passed = True
    for name in names or list(BENCHMARKS):
        with own_installation() as folder:
            result = BENCHMARKS[name](folder)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
        print(json.dumps(result))
        passed &= result["passed"]
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
