"""The embedded server: one for all who need it, gone when nobody does."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.tokenops.test_processes import is_alive
from tokenops import embedded

pytestmark = pytest.mark.long

USER = """
import sys
from pathlib import Path
from tokenops import embedded

embedded.use(var_dir=Path(sys.argv[1]))
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the server's own user can reach.

    Under root it has one, and every session of pytest shuts its temporary folders to others.
    """
    with tempfile.TemporaryDirectory(prefix="tokenops-test-") as name:
        yield Path(name)


@pytest.fixture
def var_dir(folder: Path) -> Iterator[Path]:
    var_dir = folder / "var"
    yield var_dir
    embedded.release(var_dir=var_dir)


@contextmanager
def another_user(var_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that uses the server until its standard input is closed."""
    command = [sys.executable, "-c", USER, str(var_dir)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"holding\n"
        yield user


def server_of(var_dir: Path) -> int:
    lines = (embedded.data_dir(var_dir) / "postmaster.pid").read_text(encoding="utf-8").split()
    return int(lines[0])


def test_both_roles_reach_their_database_and_neither_is_a_superuser(var_dir: Path) -> None:
    socket_dir = embedded.use(var_dir=var_dir)

    seen = {}
    for role in ("tokenops_owner", "tokenops_app"):
        with psycopg.connect(embedded.url(role, socket_dir=socket_dir)) as database:
            seen[role] = database.execute(
                "SELECT current_database(), rolsuper, rolcreatedb, rolcreaterole"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()

    assert seen == {
        "tokenops_owner": ("tokenops", False, True, False),
        "tokenops_app": ("tokenops", False, False, False),
    }


def test_what_makes_a_ledger_durable_is_on(var_dir: Path) -> None:
    socket_dir = embedded.use(var_dir=var_dir)

    with psycopg.connect(embedded.url("tokenops_app", socket_dir=socket_dir)) as database:
        settings: dict[str, str] = dict(
            database.execute(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name IN ('fsync',"
                " 'synchronous_commit', 'full_page_writes', 'max_connections', 'listen_addresses')"
            ).fetchall()
        )

    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "listen_addresses": "",
    }


def test_the_last_user_to_leave_stops_the_server(var_dir: Path) -> None:
    embedded.use(var_dir=var_dir)
    server = server_of(var_dir)

    with another_user(var_dir) as user:
        assert server_of(var_dir) == server
        embedded.release(var_dir=var_dir)
        assert is_alive(server)

        user.communicate()

    assert not is_alive(server)


def test_a_server_left_behind_by_a_killed_user_is_adopted_and_then_stopped(var_dir: Path) -> None:
    with another_user(var_dir) as user:
        user.kill()
    server = server_of(var_dir)
    assert is_alive(server)

    embedded.use(var_dir=var_dir)
    assert server_of(var_dir) == server
    embedded.release(var_dir=var_dir)

    assert not is_alive(server)


def test_a_server_that_was_killed_comes_back_with_its_rows(var_dir: Path) -> None:
    with another_user(var_dir) as user:
        url = embedded.url("tokenops_owner", socket_dir=embedded.data_dir(var_dir))
        with psycopg.connect(url) as database:
            database.execute("CREATE TABLE kept AS SELECT 7 AS row")
        os.kill(server_of(var_dir), signal.SIGKILL)
        user.kill()

    socket_dir = embedded.use(var_dir=var_dir)

    with psycopg.connect(embedded.url("tokenops_owner", socket_dir=socket_dir)) as database:
        assert database.execute("SELECT row FROM kept").fetchone() == (7,)


def test_a_folder_too_deep_for_a_socket_is_no_obstacle(folder: Path) -> None:
    var_dir = folder / ("deep" * 12) / ("deeper" * 8) / "var"
    socket_dir = embedded.use(var_dir=var_dir)

    with psycopg.connect(embedded.url("tokenops_app", socket_dir=socket_dir)) as database:
        assert database.execute("SELECT 1").fetchone() == (1,)

    embedded.release(var_dir=var_dir)
