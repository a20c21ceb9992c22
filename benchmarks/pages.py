"""How long the pages about spend take at the size of a company of three thousand people.

14,000 slices, 117,000 slice days and the unit days that follow from them, a year of them,
are made in a database of their own. Each page is asked for as the CFO asks, by Django's
test client, and set beside one bare SUM over the same unit days in the same run: the
ratio says what the page adds, on whatever machine. Of fifteen rounds the fastest counts: it is
what the page costs, and the others are what else the machine had to do.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

MOST_MS = 150
ROUNDS = 15
UNITS = 20
SLICES = 14_000
SLICE_DAYS = 117_000
PAGES = {
    "overview": "/",
    "overview, fiscal year": "/?period=FY26",
    "overview chart": "/charts/overview.json",
    "spend by unit and day": "/spend/",
    "spend by model, year": (
        "/spend/?from=2026-01-01&to=2027-01-01&group_by=model&granularity=month"
    ),
    "spend by workflow, month": (
        "/spend/?from=2026-11-01&to=2026-12-01&group_by=workflow&granularity=day"
    ),
    "spend by workflow, year": (
        "/spend/?from=2026-01-01&to=2027-01-01&group_by=workflow&granularity=month"
    ),
    "spend chart": "/charts/spend.json",
    "units": "/units/",
    "one unit": "/units/unit-3/",
    "imports": "/data/imports/",
}
# Judged rule by rule over every slice, which no page promises to do at once.
SLOWER_PAGES = {"rules": "/rules/", "unallocated": "/rules/unallocated/"}

SLICES_SQL = """
INSERT INTO ingestion_slice
  (digest, source, provider, account, model, key, person, project, workflow, task_type,
   environment, tags)
SELECT gen_random_uuid(), 'tokenops', CASE WHEN n %% 3 = 0 THEN 'anthropic' ELSE 'openai' END,
       'main', 'model-' || n %% 6, 'key-' || n %% 400, 'person-' || n %% 3000 || '@example.com',
       'project-' || n %% 80, 'workflow-' || (hashtext('w' || n) & 2147483647) %% 150, '', 'prod',
       jsonb_build_object('team', 'team-' || n %% 40)
  FROM generate_series(1, %(slices)s) n
"""
ASSIGNMENTS_SQL = """
INSERT INTO ingestion_assignment (slice_id, unit_id, cost_object_id, rule_id, starts_on, ends_on)
SELECT s.id, u.id, NULL, NULL, '0001-01-01', '9999-12-31'
  FROM ingestion_slice s
  LEFT JOIN org_unit u ON u.slug = 'unit-' || substr(s.workflow, 10)::int %% (%(units)s + 1)
"""
SLICE_DAYS_SQL = """
INSERT INTO ingestion_sliceday
  (reporting_day, utc_day, slice_id, status, metered, calls, requests, cost_usd, list_usd,
   in_text, in_cache_read, in_cache_write_5m, in_cache_write_1h, in_cache_write_other, in_audio,
   in_audio_cached, in_image, in_video, out_text, out_reasoning, out_audio, out_image)
SELECT d, d, s.id, 1, true, 8, 8, (n * 7919 %% 100000 + 1) / 1000000.0, 0.1,
       9000, 0, 0, 0, 0, 0, 0, 0, 0, 700, 0, 0, 0
  FROM generate_series(1, %(days)s) n
  JOIN LATERAL (SELECT date '2026-01-01' + (hashtext('d' || n) & 2147483647) %% 330 AS d) day
    ON true
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM ingestion_slice) s
    ON s.place = (hashtext('s' || n) & 2147483647) %% %(slices)s + 1
ON CONFLICT DO NOTHING
"""
UNIT_DAYS_SQL = """
INSERT INTO ingestion_unitday
  (reporting_day, unit_id, cost_object_id, provider, model, status, metered, rule_book,
   is_core, calls, in_tokens, out_tokens, cost_usd, list_usd)
SELECT d.reporting_day, a.unit_id, a.cost_object_id, s.provider, s.model, d.status, d.metered, 1,
       a.cost_object_id IS NULL, sum(d.calls), sum(d.in_text), sum(d.out_text), sum(d.cost_usd),
       sum(d.list_usd)
  FROM ingestion_sliceday d
  JOIN ingestion_slice s ON s.id = d.slice_id
  JOIN ingestion_assignment a ON a.slice_id = d.slice_id
 GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
BARE_SUM = "SELECT sum(cost_usd) FROM ingestion_unitday WHERE metered"


def run(folder: Path) -> dict[str, Any]:  # noqa: ARG001 -- every benchmark is handed a folder
    from django.test import Client  # noqa: PLC0415 -- Django is set up by the caller

    sizes = fill()
    client = Client()
    client.force_login(_carl())
    bare_ms = _fastest_ms(_bare_sum)
    pages = {name: _page_ms(client, url) for name, url in PAGES.items()}
    slower = {name: _page_ms(client, url) for name, url in SLOWER_PAGES.items()}
    for name, taken_ms in {**pages, **slower}.items():
        print(f"{name:28} {taken_ms:7.1f} ms  {taken_ms / bare_ms:6.1f} × a bare SUM")
    return {
        "name": "pages",
        **sizes,
        "bare_sum_ms": round(bare_ms, 1),
        "pages_ms": {name: round(ms, 1) for name, ms in {**pages, **slower}.items()},
        "ratio": round(max(pages.values()) / bare_ms, 1),
        "most_ms": MOST_MS,
        "passed": max(pages.values()) <= MOST_MS,
    }


def fill() -> dict[str, int]:
    """Make the company, its usage and its budget; return the sizes of the tables."""
    from django.db import connection  # noqa: PLC0415 -- as above

    from tests.factories.org import UnitFactory  # noqa: PLC0415 -- as above
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    cast = gather()
    for number in range(UNITS):
        UnitFactory.create(name=f"Unit {number}", parent=cast.operations)
    sizes = {"units": UNITS, "slices": SLICES, "days": SLICE_DAYS}
    with connection.cursor() as cursor:
        for statement in (SLICES_SQL, ASSIGNMENTS_SQL, SLICE_DAYS_SQL, UNIT_DAYS_SQL):
            cursor.execute(statement, sizes)
    _grant(cast)
    _write_rules()
    _analyze()
    tables = ("slice", "sliceday", "unitday")
    return {table: _count(f"ingestion_{table}") for table in tables}


def _grant(cast: Any) -> None:
    """Grant the topmost unit a budget, on the way everybody takes."""
    from budgets.lifecycle import BudgetAction  # noqa: PLC0415 -- as above
    from budgets.operations.budgets import (  # noqa: PLC0415 -- as above
        request_budget,
        take_budget_step,
    )

    at = datetime(2026, 1, 2, tzinfo=UTC)
    budget = request_budget(
        unit=cast.acme,
        fiscal_year=2026,
        core_usd=Decimal(10_000),
        experiment_usd=Decimal(1_000),
        note="The year's money for everything that is proven.",
        by=cast.fiona,
        at=at,
    )
    take_budget_step(
        budget_id=budget.pk,
        action=BudgetAction.APPROVE,
        by=cast.carl,
        reason="As planned.",
        version=budget.version,
        at=at,
    )


def _write_rules() -> None:
    """Put the rules beside the assignments that they would make."""
    from ingestion.models import Rule, RuleBook  # noqa: PLC0415 -- as above
    from org.models import Unit  # noqa: PLC0415 -- as above

    book = RuleBook.objects.create(
        number=1, published_at=datetime(2026, 1, 1, tzinfo=UTC), reason="First"
    )
    units = {unit.slug: unit for unit in Unit.objects.all()}
    Rule.objects.bulk_create(
        Rule(
            book=book,
            position=number + 1,
            name=f"Unit {number}",
            when={"workflow": [f"workflow-{n}" for n in range(150) if n % (UNITS + 1) == number]},
            unit=units[f"unit-{number}"],
        )
        for number in range(UNITS)
    )


def _analyze() -> None:
    """Let the planner know the tables, as autovacuum would within a minute."""
    from django.db import connections  # noqa: PLC0415 -- as above

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _carl() -> Any:
    from org.models import User  # noqa: PLC0415 -- as above

    return User.objects.get(username="carl")


def _count(table: str) -> int:
    from django.db import connection  # noqa: PLC0415 -- as above

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- names of this file
        return int(cursor.fetchone()[0])


def _bare_sum() -> None:
    from django.db import connection  # noqa: PLC0415 -- as above

    with connection.cursor() as cursor:
        cursor.execute(BARE_SUM)
        cursor.fetchone()


def _page_ms(client: Any, url: str) -> float:
    def ask() -> None:
        answer = client.get(url)
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{url} answered {answer.status_code}")

    return _fastest_ms(ask)


def _fastest_ms(ask: Callable[[], None]) -> float:
    ask()  # the first time templates are compiled
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
    return min(taken)
