"""A tree of processes lives and ends together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tokenops import processes
from tokenops.processes import Asked, Ended, ProcessTree

# A leader that will not hear, with a child that will not either.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
PARENT = """
import os, sys
from tokenops.processes import ProcessTree
tree = ProcessTree(say=lambda line: None)
tree.start({"sleeper": ["sleep", "60"]}, env=os.environ)
print(tree._running["sleeper"].pid, flush=True)
tree.wait()
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def tree(said: list[str]) -> ProcessTree:
    return ProcessTree(say=said.append)


def is_alive(process_id: int) -> bool:
    """Test for a process that runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def eventually_dead(process_id: int, *, within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while is_alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(process_id)


def test_the_first_process_to_end_is_named_with_its_code(
    tree: ProcessTree, said: list[str]
) -> None:
    tree.start(
        {"web": ["sleep", "60"], "worker": ["sh", "-c", "echo goodbye; exit 3"]}, env=os.environ
    )

    assert tree.wait() == Ended(name="worker", code=3)

    tree.stop()
    assert tree.wait() == Ended(name="web", code=-signal.SIGTERM)
    assert said == ["worker | goodbye"]


def test_a_signal_asks_the_tree_to_end(tree: ProcessTree) -> None:
    tree.ask(signal.SIGINT)

    assert tree.wait() == Asked(signal.SIGINT)


def test_a_process_that_will_not_hear_is_ended_with_its_children(
    tree: ProcessTree, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_S", 0.2)
    tree.start({"deaf": [sys.executable, "-c", STUBBORN]}, env=os.environ)
    while not said:
        time.sleep(0.05)
    child = int(said[0].split("|")[1])
    assert is_alive(child)

    tree.stop()

    assert eventually_dead(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent")
def test_the_tree_dies_with_a_supervisor_that_is_killed_outright() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        sleeper = int(parent.stdout.readline())
        assert is_alive(sleeper)

        parent.kill()

    assert eventually_dead(sleeper)
