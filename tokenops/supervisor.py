"""`make run`: everything one machine needs to show TokenOps, as one foreground process tree."""

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress

import psycopg

from tokenops import embedded
from tokenops.environment import BASE_DIR, VAR_DIR, env
from tokenops.processes import Asked, ProcessTree
from tokenops.roles import APP_ROLE, OWNER_ROLE
from tokenops.secret_files import kept_secret

READY_WITHIN_S = 120
DEMO_SIGN_INS = ["cfo", "finance", "gm", "gm2", "engineer", "auditor", "admin"]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """Something outside must change before TokenOps can run here."""


def main() -> int:
    """Run until a key or a signal ends it, or until one of the processes ends by itself."""
    for number in ENDING:
        signal.signal(number, _leave)
    try:
        return _run(host=env("HOST", default="127.0.0.1"), port=env.int("PORT", default=8000))
    except CannotRun as error:
        say(str(error))
        return 1
    finally:
        # From here on nothing may cut the server's orderly stop short.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        embedded.release(var_dir=VAR_DIR)


def _run(*, host: str, port: int) -> int:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    with (VAR_DIR / "run.lock").open("a", encoding="utf-8") as lock:
        _be_the_only_one(lock.fileno())
        _refuse_taken_port(host, port)
        app_url, owners = _database()
        environment = _environment(port=port, app_url=app_url)
        _prepare(environment, owners=owners, app_url=app_url)
        return _serve(environment, host=host, port=port, app_url=app_url)


def _serve(environment: Mapping[str, str], *, host: str, port: int, app_url: str) -> int:
    tree = ProcessTree(say=say)
    for number in ENDING:
        signal.signal(number, tree.ask)
    try:
        tree.start(_commands(host, port), env=environment)
        greeting = threading.Thread(
            target=_greet, kwargs={"port": port, "app_url": app_url}, daemon=True
        )
        greeting.start()
        event = tree.wait()
        if isinstance(event, Asked):
            say(f"{event.signal.name}: stopping.")
            return 128 + event.signal
        say(f"{event.name} ended with code {event.code}: stopping the others.")
        return event.code if event.code > 0 else 1
    finally:
        tree.stop()
        say("Stopped.")


def _commands(host: str, port: int) -> dict[str, list[str]]:
    # Root is expected where a container has no other user; the advice against it is for hosts.
    hushed = ["-W", "ignore::UserWarning:celery.platforms"]
    celery = [sys.executable, *hushed, "-m", "celery", "--quiet", "--app=tokenops"]
    # One machine's workers have nobody to gossip with.
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    bounds = ["--concurrency=2", "--max-memory-per-child=500000", "--max-tasks-per-child=200"]
    serve = ["tokenops.asgi:application", f"--host={host}", f"--port={port}", "--no-access-log"]
    return {
        "web": [sys.executable, "-m", "uvicorn", *serve, "--timeout-graceful-shutdown=5"],
        "worker": [*celery, "worker", "--loglevel=WARNING", *bounds, *quiet],
        "beat": [*celery, "beat", "--loglevel=WARNING", "--pidfile=", f"-s{VAR_DIR / 'beat'}"],
    }


def _database() -> tuple[str, dict[str, str]]:
    """Return the application's URL and what the owner's environment has beside it.

    Where no database is given the embedded one is started. Its owner is named to the migration
    alone: what serves pages does not know how to become it.
    """
    if given := env("DATABASE_URL", default=""):
        return given, {}
    say(f"Starting PostgreSQL in {embedded.data_dir(VAR_DIR)}")
    socket_dir = embedded.use(var_dir=VAR_DIR)
    owner_url = embedded.url(OWNER_ROLE, socket_dir=socket_dir)
    return embedded.url(APP_ROLE, socket_dir=socket_dir), {"DATABASE_OWNER_URL": owner_url}


def _environment(*, port: int, app_url: str) -> dict[str, str]:
    defaults = {
        "DATABASE_URL": app_url,
        "TOKENOPS_BASE_URL": f"http://localhost:{port}",
        "TOKENOPS_DEMO_PASSWORD": _demo_password(),
        "DJANGO_SETTINGS_MODULE": "tokenops.settings",
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | {name: value for name, value in os.environ.items() if value}


def _demo_password() -> str:
    return env("TOKENOPS_DEMO_PASSWORD", default="") or kept_secret(
        VAR_DIR / "demo_password", length_bytes=12
    )


def _prepare(environment: Mapping[str, str], *, owners: Mapping[str, str], app_url: str) -> None:
    """Bring the database and the static files up to date; fill an empty database."""
    _manage("migrate", "--noinput", "--verbosity=1", env={**environment, **owners})
    if not owners:  # The embedded server's roles are ours; those of a given one may be too mighty.
        _manage("check", "--database=default", env=environment)
    _collect_static(environment)
    if not _people(app_url):
        say("The database is empty: making the demo company.")
        try:
            _manage("demo", env=environment)
        except CannotRun as error:  # An empty house can be lived in; the next start tries again.
            say(f"{error} Going on without the demo.")


def _collect_static(environment: Mapping[str, str]) -> None:
    stamp, now = VAR_DIR / "static.stamp", _fingerprint()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == now:
        return
    _manage("collectstatic", "--noinput", "--verbosity=0", env=environment)
    stamp.write_text(now, encoding="utf-8")


def _fingerprint() -> str:
    """Return what changes with a static file: ours by their state, the libraries' by the lock."""
    digest = hashlib.sha256((BASE_DIR / "uv.lock").read_bytes())
    for path in sorted((BASE_DIR / "static").rglob("*")):
        state = path.stat()
        digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _people(app_url: str) -> list[str]:
    """Return the demo's sign-ins that exist, and at least one name where anybody exists."""
    with psycopg.connect(app_url) as database:
        found = database.execute("SELECT username FROM org_user ORDER BY id").fetchall()
    names = [str(row[0]) for row in found]
    return [name for name in DEMO_SIGN_INS if name in names] or names[:1]


def _manage(*arguments: str, env: Mapping[str, str]) -> None:
    command = [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
    done = subprocess.run(command, env=env, check=False)  # noqa: S603 — our own command line
    if done.returncode:
        raise CannotRun(f"manage.py {arguments[0]} ended with code {done.returncode}: see above.")


def _greet(*, port: int, app_url: str) -> None:
    """Say where the product is, once it answers that it is ready."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            say(_greeting(port=port, people=_people(app_url)))
            return
        time.sleep(0.3)
    say(f"Not ready after {READY_WITHIN_S} s: http://localhost:{port}/readyz says why.")


def _greeting(*, port: int, people: list[str]) -> str:
    lines = ["", f"TokenOps is ready: http://localhost:{port}/"]
    if sign_ins := [name for name in people if name in DEMO_SIGN_INS]:
        lines += [f"Sign in as {', '.join(sign_ins)}", f"Password   {_demo_password()}"]
    return "\n".join([*lines, "Ctrl-C stops everything.", ""])


def _be_the_only_one(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotRun(f"TokenOps already runs from {VAR_DIR}: stop it there first.") from error


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise CannotRun(
                f"Port {port} of {host} cannot be used ({error.strerror}): "
                f"choose another, for example make run PORT={port + 1}."
            ) from error


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def say(text: str) -> None:
    """Print at once, so that a pipe shows it too."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
