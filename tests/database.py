"""The test database: migrated once into a template, copied for each process, cleaned by the owner.

Tests run as the application role, so every grant that is missing fails a test. That role may
neither make databases nor empty tables, so both are done here through the owner's connection.
"""

# ruff: noqa: S608 — every name put into a statement here comes from the database's own catalogue

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "tokenops_test_"
TEMPLATE_PREFIX = f"{PREFIX}template_"
LOCK = 0x70CE0

# What decides how a migrated database looks: the migrations, and what prepares and copies it.
INGREDIENTS = (
    "*/migrations/*.py",
    "ingestion/operations/price_list.py",
    "org/grants.py",
    "tokenops/roles.py",
    "tests/database.py",
    "uv.lock",
)

TABLES = """
    SELECT format('%I', relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY relname
"""
GUARDED = """
    SELECT DISTINCT format('%I', relname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
"""

# To truncate makes new files for the tables and for every table that refers to them, price list
# and all: a quarter of a second. A few rows are deleted in a tenth of that.
MANY = 500

# A cast that is put back has the same keys in every test: no two tables may count alike, or a
# person's key would pass for that of her account.
PART_COUNTERS = """
    SELECT setval(
        format('%I.%I', schemaname, sequencename),
        coalesce(last_value, 0) + 100 * row_number() OVER (ORDER BY sequencename)
    ) FROM pg_sequences WHERE schemaname = 'public'
"""

_kept: dict[str, psycopg.Connection] = {}


@contextmanager
def test_database() -> Iterator[None]:
    """Point both connections at a fresh copy of the migrated template; drop it at the end."""
    name = f"{PREFIX}{os.getpid()}_{os.urandom(3).hex()}"
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    with _maintenance() as server, _one_at_a_time(server):
        template = _template(server)
        _drop_leftovers(server, keep=template)
        _copy(server, source=template, target=name)
        _point_at({"default": name, "owner": name})
        _keeper()  # While it is open, nobody takes the copy for a leftover.
    try:
        yield
    finally:
        _kept.pop(name).close()
        _point_at(before)
        with _maintenance() as server:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            # A connection may take its time to end, and autovacuum may be looked at that only
            # a superuser may stop: the next run drops the database then.
            with suppress(psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):
                server.execute(drop.format(sql.Identifier(name)))


def clean() -> None:
    """Take every row out that a test committed, and put back what migrations had put in."""
    connections["default"].close()
    owner = _keeper()
    with owner.transaction():
        owner.execute("SET LOCAL lock_timeout = '20s'")
        rows = _touched(owner)
        if not rows:
            return
        seeded = _seeded(owner)
        if sum(rows.values()) > MANY or rows.keys() & set(seeded):
            _empty_with_all_that_refers(owner, list(rows))
            _restore_all(owner, [table for table in seeded if _is_empty(owner, table)])
        else:
            _delete(owner, list(rows))


def _delete(owner: psycopg.Connection, tables: list[str]) -> None:
    # Keys are checked at the end of the transaction, so that any order does.
    with _without_guards(owner, tables):
        owner.execute("; ".join(f"DELETE FROM {table}" for table in tables))


def _empty_with_all_that_refers(owner: psycopg.Connection, tables: list[str]) -> None:
    with _without_guards(owner, tables):
        owner.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


def _restore_all(owner: psycopg.Connection, tables: list[str]) -> None:
    with _without_guards(owner, tables):
        for table in tables:
            _restore(owner, table)


def _template(server: psycopg.Connection) -> str:
    """Return the template for the migrations as they stand, made if nobody has made it yet."""
    name = f"{TEMPLATE_PREFIX}{_fingerprint()}"
    found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if found is None:
        draft = f"{PREFIX}draft_{os.getpid()}"
        _copy(server, source="template0", target=draft)
        _migrate(draft)
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(draft), sql.Identifier(name)
            )
        )
    return name


def _migrate(name: str) -> None:
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    _point_at({"default": name, "owner": name})
    try:
        call_command("migrate", database="owner", verbosity=0)
        with _connect(name) as owner:
            _remember_seeds(owner)
            owner.execute(PART_COUNTERS)
    finally:
        _point_at(before)


def _fingerprint() -> str:
    # A template belongs to the login that made it; another one may not copy it.
    digest = hashlib.sha256(connections["owner"].settings_dict["USER"].encode())
    for pattern in INGREDIENTS:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _copy(server: psycopg.Connection, *, source: str, target: str) -> None:
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
            sql.Identifier(target), sql.Identifier(source)
        )
    )


def _drop_leftovers(server: psycopg.Connection, *, keep: str) -> None:
    """Drop what killed runs and older migrations left; what is in use stays."""
    names = server.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s"
        " AND pg_has_role(datdba, 'USAGE')",
        [PREFIX, keep],
    ).fetchall()
    for (name,) in names:
        with suppress(psycopg.errors.ObjectInUse):
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _remember_seeds(owner: psycopg.Connection) -> None:
    """Keep a copy of every row that migrations made, in a schema that no test looks into."""
    owner.execute("CREATE SCHEMA seed")
    for (table,) in owner.execute(TABLES).fetchall():
        if not _is_empty(owner, table):
            owner.execute(f"CREATE TABLE seed.{table} AS TABLE public.{table}")


def _seeded(owner: psycopg.Connection) -> list[str]:
    return [
        row[0]
        for row in owner.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'seed'"
        )
    ]


def _touched(owner: psycopg.Connection) -> dict[str, int]:
    """Return how many rows the tables hold that hold others than migrations left there.

    It stops counting one row beyond what makes the difference.
    """
    seeded = set(_seeded(owner))
    questions = [
        f"SELECT '{table}', ({_count(table)})"
        f" WHERE {_differs(table) if table in seeded else _has_rows(table)}"
        for (table,) in owner.execute(TABLES).fetchall()
    ]
    # Prepared, for the plan over so many tables and partitions costs more than the look itself.
    return dict(owner.execute(" UNION ALL ".join(questions), prepare=True).fetchall())


def _count(table: str) -> str:
    return f"SELECT count(*) FROM (SELECT FROM {table} LIMIT {MANY + 1}) counted"


def _has_rows(table: str) -> str:
    return f"EXISTS (SELECT FROM {table})"


def _differs(table: str) -> str:
    now, then = (
        f"SELECT (count(*), sum(hash_record_extended(t, 0))) FROM {schema}.{table} t"
        for schema in ("public", "seed")
    )
    return f"({now}) IS DISTINCT FROM ({then})"


def _is_empty(owner: psycopg.Connection, table: str) -> bool:
    return owner.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None


def _restore(owner: psycopg.Connection, table: str) -> None:
    columns = ", ".join(
        row[0]
        for row in owner.execute(
            "SELECT quote_ident(attname) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
    )
    owner.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM seed.{table}")


@contextmanager
def _without_guards(owner: psycopg.Connection, tables: list[str]) -> Iterator[None]:
    """Let through what the triggers of append-only tables would refuse."""
    guarded = [row[0] for row in owner.execute(GUARDED).fetchall() if row[0] in tables]
    for table in guarded:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    owner.execute("SET CONSTRAINTS ALL IMMEDIATE")  # No trigger changes while keys are unchecked.
    owner.execute("SET CONSTRAINTS ALL DEFERRED")
    for table in guarded:
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _point_at(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


@contextmanager
def _one_at_a_time(server: psycopg.Connection) -> Iterator[None]:
    # On the server, not in a file: two checkouts may share one PostgreSQL.
    server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        server.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    with _connect("postgres") as server:
        yield server


def _keeper() -> psycopg.Connection:
    """Return the owner's one connection to this copy: a new one would learn its tables anew."""
    name = connections["owner"].settings_dict["NAME"]
    if name not in _kept or _kept[name].closed:
        _kept[name] = _connect(name)
    return _kept[name]


def _connect(name: str) -> psycopg.Connection:
    parameters = connections["owner"].get_connection_params()
    for of_django in ("context", "cursor_factory", "client_encoding"):
        parameters.pop(of_django, None)
    return psycopg.connect(**(parameters | {"dbname": name}), autocommit=True)
