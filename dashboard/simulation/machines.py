"""What machines tell on a day: routers their calls and what they obey, the desk its results."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from budgets.models import Graduation
from dashboard.demo.calls import Call, as_record, seeded
from dashboard.demo.company import ROUTER
from dashboard.demo.experiment_calls import calls_for
from dashboard.demo.fleet import report_all
from dashboard.demo.history import Rhythm
from dashboard.demo.usage_files import as_csv, in_order
from dashboard.simulation.life import GATES_ON, PLAN, Incident, Kind
from dashboard.simulation.stage import Act, Stage
from ingestion.operations.deliveries import submit_file
from ingestion.operations.outcomes import record_outcomes
from ingestion.operations.prices import Discount, set_prices
from policy.models import Scope
from policy.operations.breaker import block, unblock
from policy.operations.usage import take_usage

RESULT_COSTS_USD = Decimal("1.50")  # what is spent for one in ordinary times
NOISE = (0.93, 1.07)
WEEKEND, FIRST_OF_WEEKEND = 0.22, 5
# Between which clocks the day's calls are made, and when routers tell of them.
BEGINS, ENDS, PUSHED = "09:30", "20:30", "20:35"
# When routers say what they obey; on the day of the trip test gate 3 wants to know it anew.
REPORTED, REPORTED_WITH_TEST = ("21:10",), ("12:50", "14:20", "21:10")


def a_day(stage: Stage, day: int) -> Iterator[Act]:
    """Yield what machines report on a day, and what of earlier days comes late."""
    for clock in REPORTED_WITH_TEST if day == GATES_ON else REPORTED:
        yield Act(stage.at(day, clock), _report)
    yield Act(stage.at(day, PUSHED), partial(_push, stage, day))
    yield Act(stage.at(day, "20:50"), partial(_tell_results, stage, day))
    for number, incident in enumerate(stage.life.arriving_on(day)):
        yield Act(stage.at(day, f"10:2{number}"), partial(_send_file, stage, incident))
    if (price := stage.life.on(day, Kind.PRICE)) is not None:
        yield Act(stage.at(day, "00:30"), partial(_change_price, stage, price))
    if stage.life.on(day, Kind.BLOCKED) is not None:
        yield Act(stage.at(day, "11:00"), partial(_block, stage))
        yield Act(stage.at(day, "12:00"), partial(_unblock, stage))


def calls_of(stage: Stage, day: int) -> list[Call]:
    """Return the calls of a day in their order; the same every time."""
    usd = usd_on(stage, day)
    if not usd:
        return []
    calls = in_order(
        calls_for(
            PLAN,
            stage.history(day),
            usd=usd,
            begins=stage.at(day, BEGINS),
            ends=stage.at(day, ENDS),
            series=f"{stage.seed}/{day}",
        )
    )
    for number, call in enumerate(calls):
        call.task = f"{PLAN.workflow}-{day}-{number}"
    return calls


def usd_on(stage: Stage, day: int) -> Decimal:
    """Return about how much the calls of a day cost."""
    over = stage.life.on(day, Kind.OVER_CAP)
    if over:
        return stage.life.daily_cap_usd * over.share
    return _worth_usd(stage, day) * stage.life.later.get(_month_in_core(stage, day), Decimal(1))


def _month_in_core(stage: Stage, day: int) -> int:
    """Return the month in core that a day lies in, counted from 1; 0 before it graduated."""
    first = Graduation.objects.filter(initiative__name=PLAN.name).order_by("pk").first()
    on = stage.date_of(day)
    if first is None or on < first.starts_on:
        return 0
    months = (on.year - first.starts_on.year) * 12 + on.month - first.starts_on.month
    return months + 1


def _worth_usd(stage: Stage, day: int) -> Decimal:
    """Return what the calls of a day cost that serve somebody."""
    if stage.life.on(day, Kind.DAY_OFF) is not None:
        return Decimal(0)
    weekday = stage.date_of(day).weekday()
    shape = WEEKEND if weekday >= FIRST_OF_WEEKEND else Rhythm.OFFICE.weekdays[weekday]
    noise = seeded(stage.seed, "level", day).uniform(*NOISE)
    return stage.life.ordinary_usd(day) * Decimal(str(round(shape * noise, 4)))


def _push(stage: Stage, day: int, at: datetime) -> str | None:
    if stage.life.on(day, Kind.SILENT) is not None:
        return None
    held = set(_late(stage, day))
    calls = [call for call in calls_of(stage, day) if call.id not in held]
    if not calls:
        return None
    records = [as_record(call) for call in calls]
    answer = take_usage(records=records, by=stage.cast.users[ROUTER], at=at)
    return f"Routers report {answer.accepted} calls."


def _late(stage: Stage, day: int) -> list[str]:
    """Return the ids of the calls of a day that come later."""
    late = stage.life.on(day, Kind.LATE)
    if late is None:
        return []
    ids = [call.id for call in calls_of(stage, day)]
    return ids[: int(len(ids) * late.share)]


def _send_file(stage: Stage, incident: Incident, at: datetime) -> str:
    """Send what a day's routers did not report, as the export of a gateway."""
    day, late = incident.day, set(_late(stage, incident.day))
    calls = calls_of(stage, day)
    missing = [call for call in calls if incident.kind == Kind.SILENT or call.id in late]
    submit_file(
        file=io.BytesIO(as_csv(missing)),
        filename=f"gateway-{stage.date_of(day)}.csv",
        source="tokenops",
        account="",
        column_map={},
        fixed_values={},
        by=stage.cast.users["engineer"],
        at=at,
    )
    return f"{len(missing)} calls of {stage.date_of(day)} come in as a file."


def _tell_results(stage: Stage, day: int, at: datetime) -> str | None:
    count = round(_worth_usd(stage, day) / RESULT_COSTS_USD)
    if not count:
        return None
    begins = stage.at(day, "09:00")
    records = [
        {
            "id": f"{PLAN.workflow}-{day}-{number}",
            "workflow": PLAN.workflow,
            "at": (begins + timedelta(minutes=10 * number)).isoformat(),
            "outcome": "success",
        }
        for number in range(count)
    ]
    told = record_outcomes(records=records, by=stage.cast.users[ROUTER], at=at)
    return f"The desk tells {told.accepted} results."


def _report(at: datetime) -> None:
    report_all(at)


def _change_price(stage: Stage, price: Incident, at: datetime) -> str:
    percent = price.share * 100
    contract = Discount(
        provider="anthropic", account="anthropic-main", percent=percent, starts_at=at
    )
    set_prices(draft=contract, by=stage.cast.users["finance"], at=at)
    return f"Finance negotiates {percent.normalize():f} % off the list."


def _block(stage: Stage, at: datetime) -> str:
    engineer = stage.cast.users["engineer"]
    text = "It answers its own letters since the new prompt of this morning."
    block(scope=_scope(stage), code="stopped", text=text, by=engineer, at=at)
    return f"{engineer} stops it by hand."


def _unblock(stage: Stage, at: datetime) -> str:
    engineer = stage.cast.users["engineer"]
    unblock(scope=_scope(stage), by=engineer, at=at, reason="The old prompt is back.")
    return f"{engineer} lets it go on."


def _scope(stage: Stage) -> Scope:
    initiative = stage.initiative()
    return Scope.objects.get(slug=f"initiative:{initiative.slug if initiative else ''}")
