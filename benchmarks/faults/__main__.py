"""Run the drills: `python -m benchmarks.faults [NAME …]`; DRILL_ROWS makes them smaller."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults.drill import DRILLS, run

RESULTS = Path(__file__).parents[1] / "results"
_NOTHING = '{"passed": false}'  # what a drill says that died


@contextmanager
def _own_process(name: str, rows: int) -> Iterator[subprocess.Popen[str]]:
    """Give a drill a process of its own, for Django is set up once in each."""
    command = [sys.executable, "-m", "benchmarks.faults", "--here", name, str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process


def main(arguments: list[str]) -> int:
    """Run the named drills, or all; return 1 where a call was lost, doubled or mispriced."""
    if arguments[:1] == ["--here"]:
        print(json.dumps(run(arguments[1], rows=int(arguments[2]))))
        return 0
    RESULTS.mkdir(exist_ok=True)
    rows = int(os.environ.get("DRILL_ROWS", "0"))
    passed = True
    for name in arguments or list(DRILLS):
        with _own_process(name, rows) as process:
            said, _ = process.communicate()
        # A drill that died printed its workers' words at most.
        line = said.strip().splitlines()[-1] if process.returncode == 0 else _NOTHING
        result: dict[str, Any] = json.loads(line) | {"name": name}
        (RESULTS / f"faults-{name}.json").write_text(json.dumps(result, indent=2) + "\n")
        print(json.dumps(result))
        passed &= process.returncode == 0 and result["passed"]
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
