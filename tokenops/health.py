"""Whether this process lives (`/healthz`) and whether it can do its work (`/readyz`)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from org.models import Heartbeat
from org.operations.heartbeat import WORKER

OK = "ok"
LATE_AFTER = timedelta(seconds=60)
UNAVAILABLE = 503


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """Answer as long as the process does; nothing outside of it can fail this."""
    return JsonResponse({"status": OK})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """Answer 200 when requests can be served, else 503 with what fails.

    The worker is reported but fails nothing: pages and the API serve without one, and work
    that was handed over waits in the database.
    """
    checks = {name: _result_of(check) for name, check in CHECKS.items()}
    is_ready = all(result == OK for result in checks.values())
    content = {
        "status": OK if is_ready else "not ready",
        "checks": checks,
        "worker": _worker(at=timezone.now()) if checks["database"] == OK else None,
    }
    return JsonResponse(content, status=200 if is_ready else UNAVAILABLE)


def _result_of(check: Callable[[], str]) -> str:
    try:
        return check()
    except Error as error:
        # The first line says what happened; those after it may name hosts and users.
        return f"failed: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _migrations() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    missing = sorted(_migrations_of_this_code() - applied)
    if not missing:
        return OK
    first = ".".join(missing[0])
    return f"{len(missing)} to apply, first {first}: run manage.py migrate"


@cache
def _migrations_of_this_code() -> frozenset[tuple[str, str]]:
    """Return what stands on disk, read once: the code of a process does not change."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _worker(*, at: datetime) -> dict[str, object]:
    """Return when a worker last ran a task from end to end."""
    try:
        beat = Heartbeat.objects.filter(name=WORKER).first()
    except Error:
        return {"state": "unknown", "age_s": None}
    if beat is None:
        return {"state": "none", "age_s": None}
    age = at - beat.beat_at
    state = OK if age <= LATE_AFTER else "late"
    return {"state": state, "age_s": round(age.total_seconds())}


# A check returns "ok" or what is wrong in words; add one here and it counts.
CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations}
