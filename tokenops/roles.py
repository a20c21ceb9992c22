"""The two database roles: the owner migrates, the application only reads and writes rows."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ProgrammingError
from psycopg import Connection, sql

OWNER_ROLE = "tokenops_owner"
APP_ROLE = "tokenops_app"
OLDEST_POSTGRESQL = 15

# Migrations take UPDATE and DELETE back from the role, table by table, where rows are kept for
# ever. So rights are given when a table is made, never again to all tables at once.
ROW_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {app}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rows} ON TABLES TO {app}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
)


class RolesNotReady(Exception):
    """The database cannot give the application a role of its own."""


def make_roles(superuser: Connection[tuple[object, ...]], *, database: str) -> None:
    """Make both login roles and the database they share, on a server that is ours alone."""
    roles = {row[0] for row in superuser.execute("SELECT rolname FROM pg_roles")}
    if OWNER_ROLE not in roles:
        superuser.execute(f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB")
    if APP_ROLE not in roles:
        superuser.execute(f"CREATE ROLE {APP_ROLE} LOGIN")
    known = superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if known.fetchone() is None:
        # The built-in locale sorts alike on every machine, whatever LANG says there.
        superuser.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                " LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            ).format(sql.Identifier(database), sql.Identifier(OWNER_ROLE))
        )


def prepare(owner: BaseDatabaseWrapper, *, app_login: str) -> None:
    """Give the application role its rights to every table the owner is about to make."""
    owner.ensure_connection()
    _refuse_old_server(owner)
    with owner.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            _make_app_role(owner)
        for grant in GRANTS:
            cursor.execute(grant.format(app=APP_ROLE, rows=ROW_RIGHTS))
        for login in {app_login, owner.settings_dict["USER"]} - {APP_ROLE, OWNER_ROLE}:
            _join(owner, login=login)


def refusals(running: BaseDatabaseWrapper) -> list[str]:
    """Return why the role of a connection must not run the product; nothing where it may."""
    with running.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        role, is_superuser, bypasses = cursor.fetchone() or ("unknown", True, True)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'USAGE')"
        )
        owned = (cursor.fetchone() or (0,))[0]
    found = []
    if is_superuser:
        found.append(f"The database role {role} is a superuser: no grant can hold it.")
    if bypasses and not is_superuser:
        found.append(f"The database role {role} passes by row security (BYPASSRLS).")
    if owned and not is_superuser:
        found.append(f"The database role {role} owns {owned} tables and could rewrite the past.")
    return found


def _refuse_old_server(owner: BaseDatabaseWrapper) -> None:
    version = owner.get_database_version()[0]
    if version < OLDEST_POSTGRESQL:
        raise RolesNotReady(
            f"PostgreSQL {version} is too old: TokenOps needs {OLDEST_POSTGRESQL} or later."
        )


def _make_app_role(owner: BaseDatabaseWrapper) -> None:
    try:
        with owner.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {APP_ROLE}")
    except ProgrammingError as error:
        raise RolesNotReady(
            f"The role {APP_ROLE} is missing and {owner.settings_dict['USER']} may not make it. "
            f"Let a superuser run: CREATE ROLE {APP_ROLE};"
        ) from error


def _join(owner: BaseDatabaseWrapper, *, login: str) -> None:
    """Let a login act as the application role, unless it already may."""
    with owner.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [login, APP_ROLE])
        if (cursor.fetchone() or (False,))[0]:
            return
    try:
        with owner.cursor() as cursor:
            cursor.execute(f"GRANT {APP_ROLE} TO {owner.ops.quote_name(login)}")
    except ProgrammingError as error:
        raise RolesNotReady(
            f"{login} may not act as {APP_ROLE}. "
            f'Let a superuser run: GRANT {APP_ROLE} TO "{login}";'
        ) from error
