"""A foreground tree of processes: they start together, speak through one mouth and end together."""

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass

GRACE_S = 10
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


@dataclass(frozen=True)
class Ended:
    """A process of the tree that came to its end, asked or not."""

    name: str
    code: int


@dataclass(frozen=True)
class Asked:
    """A signal that asks the whole tree to end."""

    signal: signal.Signals


class ProcessTree:
    """Processes that live as long as each other, and no longer than the one that started them."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._say = say
        self._running: dict[str, subprocess.Popen[str]] = {}
        # The only queue that a signal handler may put into while another put is under way.
        self._events: queue.SimpleQueue[Ended | Asked] = queue.SimpleQueue()

    def start(self, commands: Mapping[str, Sequence[str]], *, env: Mapping[str, str]) -> None:
        """Start a process per name, each with a session of its own.

        A key pressed in the terminal then reaches only this process, which ends the others in
        its own way: the leader is told, and tells its children when they have finished.
        """
        for name, command in commands.items():
            self._running[name] = subprocess.Popen(  # noqa: S603 — our own command lines
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 — no thread runs yet
            )
        for name, process in self._running.items():
            threading.Thread(target=self._relay, args=(name, process), daemon=True).start()

    def ask(self, number: int, _frame: object = None) -> None:
        """Note a signal; fit to be a signal handler."""
        self._events.put(Asked(signal.Signals(number)))

    def wait(self) -> Ended | Asked:
        """Wait until a process ends or a signal asks for the end."""
        return self._events.get()

    def stop(self) -> None:
        """End every process: kindly at first, after a while with their children and by force."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + GRACE_S
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _relay(self, name: str, process: subprocess.Popen[str]) -> None:
        with process.stdout or nullcontext() as lines:
            for line in lines or ():
                self._say(f"{name:>6} | {line.rstrip()}")
        self._events.put(Ended(name=name, code=process.wait()))


def _die_with(parent: int) -> Callable[[], None] | None:
    """Return what a child does before it becomes its program: tie its life to its parent's.

    Only Linux knows how; elsewhere a parent killed outright leaves its children behind.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def tie() -> None:
        libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # It died before the tie was made.
            os._exit(1)

    return tie
