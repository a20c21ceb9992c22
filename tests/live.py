"""Live processes beside a test: they reach the test's own database and its own folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import quote

import httpx
from celery import Celery
from django.conf import settings
from django.db import connections

from tokenops.services import broker_options, broker_transport

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60.0
PAUSE_S = 1.0


def environment() -> dict[str, str]:
    """Return the environment in which a child process meets this test's database."""
    return {
        **os.environ,
        "DATABASE_URL": _url("default"),
        "DATABASE_OWNER_URL": _url("owner"),
        "TOKENOPS_VAR": str(settings.VAR_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "tokenops.settings",
        "CELERY_BROKER_URL": broker_url(),
    }


def broker_url() -> str:
    """Return the broker that was given, or the folder that needs none."""
    return os.environ.get("CELERY_BROKER_URL") or "filesystem://"


def _url(alias: str) -> str:
    found = connections[alias].get_connection_params()
    host, port = str(found.get("host") or "localhost"), found.get("port")
    login = quote(str(found["user"]), safe="")
    if found.get("password"):
        login += ":" + quote(str(found["password"]), safe="")
    extras = {"host": host} if host.startswith("/") else {}
    if found.get("options"):
        extras["options"] = str(found["options"])
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in extras.items())
    place = "" if host.startswith("/") else f"{host}:{port or 5432}"
    return f"postgresql://{login}@{place}/{found['dbname']}" + (f"?{query}" if query else "")


class Bell:
    """Rings for live workers as beat does; more often than they listen would delay the work."""

    def __init__(self) -> None:
        url = broker_url()
        self.app = Celery("bell", broker=url, set_as_current=False)
        # As the product writes: kombu names its files by another clock, so that its messages can
        # come before all others for ever, and a worker may find them half written.
        self.app.conf.broker_transport = broker_transport(url)
        options = broker_options(url, var_dir=Path(settings.VAR_DIR))
        self.app.conf.broker_transport_options = options
        self._rung_at = -PAUSE_S

    def ring(self, task: str) -> None:
        """Send the task, unless one was sent just now."""
        if time.monotonic() - self._rung_at >= PAUSE_S:
            self._rung_at = time.monotonic()
            self.app.send_task(task)


class Worker:
    """A real Celery worker, in a group of its own to be killed whole."""

    def __init__(self, *, processes: int = 2) -> None:
        self._processes = processes

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "tokenops", "worker"]
        command.append(f"--concurrency={self._processes}")
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
        self._process = subprocess.Popen(
            command + quiet, cwd=ROOT, env=environment(), start_new_session=True
        )

    def children(self) -> list[int]:
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def kill_a_child(self) -> None:
        """Kill one process of the pool, and wait until it is gone."""
        until(lambda: bool(self.children()))
        pid = self.children()[0]
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in self.children())

    def kill(self) -> None:
        """Kill the worker and all its processes, as a machine that loses power does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_S)


class Beat:
    """A real Celery beat; two of them ring everything twice."""

    def __init__(self, schedule: Path) -> None:
        self._schedule = schedule

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "celery", "-A", "tokenops", "beat", "--loglevel=ERROR"]
        files = [f"--schedule={self._schedule}", "--pidfile="]
        self._process = subprocess.Popen(command + files, cwd=ROOT, env=environment())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)


def until(is_so: Callable[[], bool], *, within_s: float = PATIENCE_S) -> float:
    """Wait until something is so; return how many seconds it took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < within_s, f"It did not come about in {within_s} s."
        time.sleep(0.05)
    return time.monotonic() - started


class Web:
    """The whole web process as `make run` starts it: the policy feed, and Django behind it.

    Without pages it needs no static files, and starts in a fraction of the time.
    """

    def __init__(self, *, has_pages: bool = True) -> None:
        self._has_pages = has_pages

    def __enter__(self) -> Self:
        if self._has_pages:
            collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
            subprocess.run(collect, cwd=ROOT, env=environment(), check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()
        return self

    def start(self) -> None:
        """Start it where it is looked for, which after `kill` is where it was."""
        port = f"--port={self._port}"
        serve = ["-m", "uvicorn", "tokenops.asgi:application", port, "--no-access-log"]
        self._process = subprocess.Popen([sys.executable, *serve], cwd=ROOT, env=environment())
        until(self._is_ready)

    def kill(self) -> None:
        """Kill it, as a machine that loses power does."""
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False
