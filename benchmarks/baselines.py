"""How long it takes to judge the baselines of five hundred experiments anew, ninety days each.

Every experiment has a unit of its own among twenty, a daily cap that moved once, a breaker
that tripped once, the passes of gates 1 to 3, two models of two providers and ten calls
a day, each of a task. All standings are worked out as the nightly task does: days, runs,
statistics, tasks and judgement. Beside it, in the same run, one bare SELECT of the unit
days that are read, so that the ratio says what the judging adds on whatever machine.
"""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

MOST_S = 20
EXPERIMENTS, DAYS, UNITS, CALLS_A_DAY = 500, 90, 20, 10
FIRST = date(2026, 9, 1)
ON = FIRST + timedelta(days=DAYS)
PASSED_AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
ROUNDS = 3

OBJECTS_SQL = """
INSERT INTO org_costobject (slug, name, unit_id)
SELECT 'experiment-' || n, 'Experiment ' || n, u.id
  FROM generate_series(1, %(experiments)s) n
  JOIN org_unit u ON u.slug = 'unit-' || n %% %(units)s
"""
INITIATIVES_SQL = """
INSERT INTO budgets_initiative
  (slug, name, unit_id, hypothesis, owner_id, cap_usd, daily_cap_usd, starts_on, ends_on,
   unit_of_work, outcome_source, task_types, allowed_models, match, state, version,
   cost_object_id, requested_by_id, created_at)
SELECT o.slug, o.name, o.unit_id, 'It works.', u.id, 10000, 100, %(first)s,
       %(first)s::date + 150, '', '', '{}', '{}', '[]', 'sandbox', 1, o.id, u.id, %(at)s
  FROM org_costobject o, org_user u WHERE u.username = 'grace'
"""
SCOPES_SQL = """
INSERT INTO policy_scope (name, slug, cost_object_id, owner, contact, state, epoch, reason_code,
  reason_text, cooling_code, max_tier, when_stale, stale_usd, protected)
SELECT o.name, 'initiative:' || o.slug, o.id, '', '', 'closed', 2, '', '', '', '', 'closed', 0,
       false
  FROM org_costobject o
"""
CAPS_SQL = """
INSERT INTO policy_cap (scope_id, "window", limit_usd, mode, starts_on, retired_at)
SELECT s.id, 'day', 120, 'hard', %(first)s, %(at)s::timestamptz + interval '40 days'
  FROM policy_scope s WHERE s.cost_object_id IS NOT NULL;
INSERT INTO policy_cap (scope_id, "window", limit_usd, mode, starts_on)
SELECT s.id, 'day', 100, 'hard', %(first)s FROM policy_scope s WHERE s.cost_object_id IS NOT NULL
"""
STEPS_SQL = """
INSERT INTO policy_scopestep (scope_id, from_state, to_state, epoch, code, text, at)
SELECT s.id, f, t, e, 'cap', 'The daily cap was reached.',
       %(at)s::timestamptz + interval '20 days' + e * interval '1 hour'
  FROM policy_scope s,
       (VALUES ('closed', 'open', 1), ('open', 'closed', 2)) AS moved (f, t, e)
 WHERE s.cost_object_id IS NOT NULL
"""
GATES_SQL = """
INSERT INTO budgets_gate (initiative_id, number, state, version, reason)
SELECT i.id, n, 'not_started', 1, '' FROM budgets_initiative i, generate_series(1, 3) n;
INSERT INTO budgets_gatestep (gate_id, action, from_state, to_state, version, at, reason)
SELECT g.id, 'pass', 'in_review', 'passed', 1, %(at)s, '' FROM budgets_gate g
"""
UNIT_DAYS_SQL = """
INSERT INTO ingestion_unitday
  (reporting_day, unit_id, cost_object_id, provider, model, status, metered, rule_book, is_core,
   calls, in_tokens, out_tokens, cost_usd, list_usd)
SELECT %(first)s::date + d, o.unit_id, o.id,
       CASE m WHEN 0 THEN 'openai' ELSE 'anthropic' END, 'model-' || m, 1, true, 1, false,
       %(calls)s / 2, 10000, 1000, 20 + (hashtext(o.slug || d || m) & 1023) / 200.0, 1
  FROM org_costobject o, generate_series(0, %(days)s) d, generate_series(0, 1) m
"""
SLICES_SQL = """
INSERT INTO ingestion_meteringsource (provider, account, source)
VALUES ('openai', 'main', 'tokenops'), ('anthropic', 'main', 'tokenops');
INSERT INTO ingestion_slice (digest, source, provider, account, model, key, person, project,
  workflow, task_type, environment, tags)
SELECT gen_random_uuid(), 'tokenops', CASE m WHEN 0 THEN 'openai' ELSE 'anthropic' END, 'main',
       'model-' || m, '', '', '', o.slug, '', '', '{}'
  FROM org_costobject o, generate_series(0, 1) m;
INSERT INTO ingestion_assignment (slice_id, unit_id, cost_object_id, starts_on, ends_on)
SELECT s.id, o.unit_id, o.id, '0001-01-01', '9999-12-31'
  FROM ingestion_slice s JOIN org_costobject o ON o.slug = s.workflow
"""
DELIVERY_SQL = """
INSERT INTO ingestion_event (utc_day, key, generation, content_hash, reporting_day, started_at,
  slice_id, delivery_id, status, cost_pico, list_pico, in_text, in_cache_read,
  in_cache_write_5m, in_cache_write_1h, out_text, out_reasoning, requests, task)
SELECT day, gen_random_uuid(), 0, n, day, day + time '12:00', s.id, %(delivery)s, 1, 1000, 1000,
       1000, 0, 0, 0, 100, 0, 1, 'task-' || s.id || '-' || d || '-' || n
  FROM ingestion_slice s, generate_series(0, %(days)s - 1) d,
       generate_series(1, %(calls)s / 2) n, LATERAL (SELECT %(first)s::date + d AS day) dated
"""
BARE = """
SELECT cost_object_id, reporting_day, provider, model, sum(cost_usd), sum(calls)
  FROM ingestion_unitday WHERE metered AND cost_object_id IS NOT NULL GROUP BY 1, 2, 3, 4
"""


def run(folder: Path) -> dict[str, Any]:  # noqa: ARG001 -- every benchmark is handed a folder
    fill()
    bare_s = min(_taken_s(_bare) for _ in range(ROUNDS))
    taken_s = [_taken_s(judge_all) for _ in range(ROUNDS)]
    queries = _queries()
    print(f"{EXPERIMENTS} baselines: {min(taken_s):.2f} s in {queries} queries")
    return {
        "name": "baselines",
        "of_thirty_days": judge_all(),
        "experiments": EXPERIMENTS,
        "days": EXPERIMENTS * DAYS,
        "calls": EXPERIMENTS * DAYS * CALLS_A_DAY,
        "seconds": round(min(taken_s), 2),
        "bare_select_s": round(bare_s, 3),
        "ratio": round(min(taken_s) / bare_s, 1),
        "queries": queries,
        "most_s": MOST_S,
        "passed": min(taken_s) <= MOST_S,
    }


def judge_all() -> int:
    """Work out every standing and its judgement; return how many runs hold thirty days."""
    from budgets.models import Initiative  # noqa: PLC0415 -- Django is set up by the caller
    from budgets.queries.baseline import Asked  # noqa: PLC0415 -- as above
    from budgets.queries.baseline_standing import baseline_standings  # noqa: PLC0415 -- as above

    rows = Initiative.objects.select_related("unit", "requested_by", "cost_object")
    standings = baseline_standings([Asked(each, ON, rests=False) for each in rows])
    judged = [(each.judgement, each) for each in standings.values()]
    return sum(1 for _, each in judged if each.streak.length >= 30)


def fill() -> None:
    """Make the company, its experiments and ninety days of their use."""
    from django.db import connection, connections  # noqa: PLC0415 -- as above

    from tests.factories.ingestion import new_delivery  # noqa: PLC0415 -- as above
    from tests.factories.org import UnitFactory  # noqa: PLC0415 -- as above
    from tests.org_cast import gather  # noqa: PLC0415 -- as above

    cast = gather()
    for number in range(UNITS):
        UnitFactory.create(name=f"Unit {number}", parent=cast.operations)
    values: dict[str, Any] = {
        "experiments": EXPERIMENTS, "units": UNITS, "first": FIRST, "at": PASSED_AT, "days": DAYS,
        "calls": CALLS_A_DAY, "delivery": new_delivery().pk,
    }  # fmt: skip
    with connections["owner"].cursor() as cursor:
        _make_partitions(cursor)
    with connection.cursor() as cursor:
        for statement in (
            OBJECTS_SQL, INITIATIVES_SQL, SCOPES_SQL, CAPS_SQL, STEPS_SQL, GATES_SQL,
            UNIT_DAYS_SQL, SLICES_SQL, DELIVERY_SQL,
        ):  # fmt: skip
            cursor.execute(statement, values)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _make_partitions(cursor: Any) -> None:
    for month in range(9, 13):
        cursor.execute("SELECT ingestion_open_month(%s)", [date(2026, month, 1)])


def _bare() -> None:
    from django.db import connection  # noqa: PLC0415 -- as above

    with connection.cursor() as cursor:
        cursor.execute(BARE)
        cursor.fetchall()


def _queries() -> int:
    from django.db import connection  # noqa: PLC0415 -- as above
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 -- as above

    with CaptureQueriesContext(connection) as seen:
        judge_all()
    return len(seen)


def _taken_s(do: Any) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
