"""What the app role may not do, said in migrations."""

from django.db.migrations import RunSQL

APP_ROLE = "tokenops_app"


def append_only(*tables: str) -> RunSQL:
    """Return a migration step that leaves the app role SELECT and INSERT on the tables."""
    return _for_app_role("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}", tables)


def never_updated(*tables: str) -> RunSQL:
    """Return a migration step that lets the app role add rows and drop them, never edit them."""
    return _for_app_role("REVOKE UPDATE, TRUNCATE ON {} FROM {}", tables)


def appended_and_closed(table: str, *columns: str) -> RunSQL:
    """Return a migration step after which the app role may only write these columns anew."""
    revoke = "REVOKE UPDATE, DELETE, TRUNCATE ON {0} FROM {1};\n"
    grant = f"    GRANT UPDATE ({', '.join(columns)}) ON {{0}} TO {{1}}"
    return _for_app_role(revoke + grant, (table,))


def _for_app_role(statement: str, tables: tuple[str, ...]) -> RunSQL:
    # Where one role does everything there is no app role to limit.
    sql = "\n".join(f"    {statement.format(table, APP_ROLE)};" for table in tables)
    return RunSQL(
        f"DO $$ BEGIN\n  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN\n"
        f"{sql}\n  END IF;\nEND $$",
        RunSQL.noop,
    )
