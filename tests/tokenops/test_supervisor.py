"""`make run`: ready from one command, and gone without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tokenops import supervisor

ROOT = Path(__file__).resolve().parents[2]
# Where compiled Python is kept: a product of five processes would else be compiled five times.
COMPILED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")

pytestmark = [
    pytest.mark.workers,
    pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc"),
]


@pytest.fixture(scope="module")
def var_dir() -> Iterator[Path]:
    """Give an installation that has its tables, its static files and one person."""
    with tempfile.TemporaryDirectory(prefix="tokenops-test-") as name:
        var_dir = Path(name) / "var"
        (var_dir / "static").mkdir(parents=True)
        (var_dir / "static.stamp").write_text(supervisor._fingerprint(), encoding="utf-8")  # noqa: SLF001 — spares a minute of compressing
        manage = [sys.executable, "manage.py"]
        person = ["createsuperuser", "--noinput", "--username=cfo", "--email=cfo@example.com"]
        for command in (["migrate", "--verbosity=0"], person):
            subprocess.run([*manage, *command], cwd=ROOT, env=environment(var_dir), check=True)
        yield var_dir


def environment(var_dir: Path, **more: str) -> dict[str, str]:
    """Return this process's environment for another installation, with services of its own."""
    kept = {"PATH", "HOME", "LANG", "TMPDIR", *COMPILED}
    given = {name: value for name, value in os.environ.items() if name in kept}
    return given | {"TOKENOPS_VAR": str(var_dir), "DJANGO_SUPERUSER_PASSWORD": "unused"} | more


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Running:
    """A supervisor and what it said so far."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.said: list[str] = []

    def hear(self, sentence: str) -> str:
        """Read on until a line has a sentence in it; return that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if sentence in line:
                return line
        pytest.fail(f"It ended without saying {sentence!r}:\n{''.join(self.said)}")

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextmanager
def running(var_dir: Path) -> Iterator[Running]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "tokenops.supervisor"],
        cwd=ROOT,
        env=environment(var_dir, PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Running(process, port)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=60)


def processes_of(var_dir: Path) -> dict[int, str]:
    """Return the command lines of all processes that work for an installation."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if f"{var_dir}" in command + (folder / "environ").read_bytes().decode():
                found[int(folder.name)] = command
    return found


def remaining(var_dir: Path, *, but: str = "\n") -> dict[int, str]:
    """Return the processes that are still there after a while, but for those named."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        left = {pid: name for pid, name in processes_of(var_dir).items() if but not in name}
        if not left:
            break
        time.sleep(0.2)
    return left


def test_it_says_where_and_how_to_sign_in_and_ctrl_c_leaves_no_process(var_dir: Path) -> None:
    with running(var_dir) as product:
        product.hear(f"TokenOps is ready: http://localhost:{product.port}/")
        assert product.hear("Sign in as") == "Sign in as cfo\n"
        password = (var_dir / "demo_password").read_text(encoding="utf-8")
        assert product.hear("Password").split() == ["Password", password]
        assert len(processes_of(var_dir)) >= 5

        code = product.end(signal.SIGINT)

    assert code == 130
    assert remaining(var_dir) == {}


def test_when_one_process_dies_it_is_named_and_the_rest_stops(var_dir: Path) -> None:
    with running(var_dir) as product:
        product.hear("TokenOps is ready")
        worker = min(pid for pid, name in processes_of(var_dir).items() if " worker " in name)

        os.kill(worker, signal.SIGKILL)

        product.hear("worker ended with code -9: stopping the others.")
        assert product.process.wait(timeout=60) == 1
    assert remaining(var_dir) == {}


def test_after_a_kill_only_the_database_is_left_and_the_next_start_adopts_it(
    var_dir: Path,
) -> None:
    with running(var_dir) as product:
        product.hear("TokenOps is ready")
        product.end(signal.SIGKILL)
        assert remaining(var_dir, but="postgres") == {}
        before = set(processes_of(var_dir))
        assert before

        with running(var_dir) as next_product:
            next_product.hear("TokenOps is ready")
            assert before & set(processes_of(var_dir))
            assert next_product.end(signal.SIGTERM) == 143
    assert remaining(var_dir) == {}


def test_a_second_start_from_the_same_folder_is_refused(var_dir: Path) -> None:
    with running(var_dir) as product:
        product.hear("Starting PostgreSQL")
        with running(var_dir) as second:
            assert re.search("already runs from", second.hear("stop it there first"))
            assert second.process.wait(timeout=60) == 1


def test_a_taken_port_is_named_with_a_way_out(var_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = subprocess.run(
            [sys.executable, "-m", "tokenops.supervisor"],
            cwd=ROOT,
            env=environment(var_dir, PORT=str(port)),
            capture_output=True,
            text=True,
            check=False,
        )

    assert refused.returncode == 1
    assert f"choose another, for example make run PORT={port + 1}" in refused.stdout
