"""Scenes with which many tests begin: made once in a process, put back as they stood after that."""

import pickle
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar, cast

from django.db import connection, transaction

P = ParamSpec("P")
T = TypeVar("T")

# For each table that this transaction added to, the question for the statement that brings its
# rows back. Keys are checked at the end of a transaction, so that any order of tables does.
QUESTIONS = """
    SELECT format(
        $$SELECT format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM
            json_populate_recordset(NULL::%1$s, %%L)', json_agg(made)) FROM %1$s made$$,
        relid::regclass,
        (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = relid
            AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
    )
    FROM pg_stat_xact_user_tables WHERE schemaname = 'public' AND n_tup_ins > 0
"""


class Scene(Generic[P, T]):
    """A function that makes rows; asked for as it was rehearsed, it puts the same rows back.

    Made anew, the cast costs some sixty statements, and half the tests begin with it.
    """

    def __init__(self, make: Callable[P, T]) -> None:
        self.make = make
        self._rehearsed: dict[tuple[tuple[str, object], ...], tuple[str, bytes]] = {}

    def __call__(self, *args: P.args, **given: P.kwargs) -> T:
        known = self._rehearsed.get(tuple(sorted(given.items())))
        if known is None:
            return self.make(*args, **given)
        rows, returned = known
        with connection.cursor() as cursor:
            cursor.execute(rows)
        return cast(T, pickle.loads(returned))  # noqa: S301 — our own, of this process

    def rehearse(self, *args: P.args, **given: P.kwargs) -> None:
        """Make the scene on an empty database, remember rows and return value, and undo it."""
        with transaction.atomic(), connection.cursor() as cursor:
            returned = self.make(*args, **given)
            cursor.execute(QUESTIONS)
            cursor.execute(" UNION ALL ".join(question for (question,) in cursor.fetchall()))
            rows = ";\n".join(statement for (statement,) in cursor.fetchall())
            transaction.set_rollback(True)
        self._rehearsed[tuple(sorted(given.items()))] = rows, pickle.dumps(returned)
