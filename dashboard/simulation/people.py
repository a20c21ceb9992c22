"""What people do with an experiment, by the pages' operations: ask, approve, gather, sign."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.utils.text import slugify

from budgets.gate_lifecycle import GateAction, GateState
from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.models import Gate, Initiative
from budgets.operations.gates import Given, take_gate_step
from budgets.operations.held import hold_decision, hold_gate_decision
from budgets.operations.initiatives import draft_initiative, take_step
from budgets.terms import InitiativeTerms
from dashboard.simulation.founding import RESULT
from dashboard.simulation.life import ASKED_ON, BEGINS_ON, GATES_ON, GUARDED_ON, PLAN
from dashboard.simulation.stage import CARRY_OUT, Act, Stage
from dashboard.simulation.streaks import is_complete
from finops.periods import ONE_DAY
from finops.stability.streak import NEEDED_DAYS
from org.queries.calendar import reporting_today
from policy.models import Scope
from policy.operations.guards import GuardTerms, put_guard
from policy.operations.trip_tests import RUN, ask_trip_test

ROI, OPTIMISATION, BREAKER, STABILITY, GRADUATION = 1, 2, 3, 4, 5
GUARD = GuardTerms(
    requests_per_minute=60,
    tokens_per_minute=8_000_000,
    usd_per_minute=Decimal(20),
    task_steps=20,
    task_usd=Decimal(4),
)
RESULTS_PLANNED = 1_400
RENEWED_WITHIN = timedelta(days=14)
# Whoever signs gate 1 cannot sign gate 5: the CFO and finance keep themselves for that.
GRADUATION_SIGNERS = ("cfo", "margaret.osei")
CORE_AFTER = ONE_DAY * 7
WORTH_SIGNERS = ("rosa.jimenez", "miriam.goldberg")


def ask(stage: Stage) -> Iterator[Act]:
    """Ask for the experiment; the CFO approves it the next morning."""
    yield Act(stage.at(ASKED_ON, "09:40"), partial(_draft, stage))
    yield Act(stage.at(ASKED_ON, "10:15"), partial(_submit, stage))
    yield Act(stage.at(BEGINS_ON, "09:05"), partial(_approve, stage), rings=CARRY_OUT)
    yield Act(stage.at(GUARDED_ON, "08:40"), partial(_guard, stage))


def first_gates(stage: Stage) -> Iterator[Act]:
    """Let gates 1 to 3 be gathered and signed on one day, the trip test among them."""
    day = GATES_ON
    yield from _gate(
        stage,
        ROI,
        gathered="09:30",
        signed=dict(zip(("10:10", "10:40"), WORTH_SIGNERS, strict=True)),
    )
    yield from _gate(stage, OPTIMISATION, gathered="11:10", signed={"11:40": "engineer"})
    yield Act(stage.at(day, "13:00"), partial(_ask_trip_test, stage), rings=RUN)
    yield from _gate(stage, BREAKER, gathered="14:30", signed={"15:10": "cfo", "15:40": "engineer"})


def renewals(stage: Stage, day: int) -> Iterator[Act]:
    """Let the return be gathered and signed again on a Monday, where its day has come nearer."""
    if stage.date_of(day).weekday() != 0:
        return
    yield Act(stage.at(day, "16:00"), partial(_renew, stage, ROI))
    for clock, by in zip(("16:20", "16:40"), WORTH_SIGNERS, strict=True):
        yield Act(stage.at(day, clock), partial(_sign_in_sandbox, stage, ROI, by), rings=CARRY_OUT)


def baseline(stage: Stage, day: int) -> Iterator[Act]:
    """Let gate 4 be submitted once thirty days are final, and finance sign it the same day."""
    if day <= GATES_ON + NEEDED_DAYS:
        return
    yield Act(stage.at(day, "09:30"), partial(_submit_baseline, stage))
    yield Act(
        stage.at(day, "10:30"),
        partial(_sign_in_sandbox, stage, STABILITY, "finance"),
        rings=CARRY_OUT,
    )


def graduation(stage: Stage, day: int) -> Iterator[Act]:
    """Let gate 5 be submitted on the day gate 4 passes, and core begin a week later."""
    yield Act(stage.at(day, "11:30"), partial(_submit_graduation, stage))
    for clock, by in zip(("13:30", "14:30"), GRADUATION_SIGNERS, strict=True):
        at = stage.at(day, clock)
        yield Act(at, partial(_sign_in_sandbox, stage, GRADUATION, by), rings=CARRY_OUT)


def _gate(stage: Stage, number: int, *, gathered: str, signed: Mapping[str, str]) -> Iterator[Act]:
    at = stage.at(GATES_ON, gathered)
    yield Act(at, partial(_gather, stage, number))
    yield Act(at + timedelta(minutes=5), partial(_submit_gate, stage, number))
    for clock, by in signed.items():
        yield Act(stage.at(GATES_ON, clock), partial(_sign, stage, number, by), rings=CARRY_OUT)


def _draft(stage: Stage, at: datetime) -> str:
    life, manager = stage.life, stage.cast.manager(PLAN.unit)
    starts_on = stage.date_of(BEGINS_ON)
    terms = InitiativeTerms(
        name=PLAN.name,
        unit=stage.cast.units[PLAN.unit],
        hypothesis=PLAN.hypothesis,
        owner=manager,
        on_call=stage.cast.users["engineer"],
        cap_usd=life.cap_usd,
        daily_cap_usd=life.daily_cap_usd,
        starts_on=starts_on,
        ends_on=starts_on + ONE_DAY * PLAN.days,
        stop_loss_pct=50,
        unit_of_work=PLAN.unit_of_work,
        outcome_source=slugify(RESULT),
        expected_volume=RESULTS_PLANNED,
        allowed_models=(PLAN.model,),
        match=({"workflow": PLAN.workflow},),
    )
    draft_initiative(terms=terms, by=manager, at=at)
    return f"{manager} drafts {PLAN.name}."


def _submit(stage: Stage, at: datetime) -> str:
    found, manager = _initiative(stage), stage.cast.manager(PLAN.unit)
    take_step(
        initiative_id=found.pk,
        action=InitiativeAction.SUBMIT,
        by=manager,
        reason="",
        version=found.version,
        at=at,
    )
    return f"{manager} asks for {found}."


def _approve(stage: Stage, at: datetime) -> str:
    found, cfo = _initiative(stage), stage.cast.users["cfo"]
    hold_decision(subject=found, action="approve", by=cfo, reason="", version=found.version, at=at)
    return f"{cfo} approves {found}."


def _guard(stage: Stage, at: datetime) -> str:
    engineer = stage.cast.users["engineer"]
    put_guard(scope=_scope(stage), terms=GUARD, by=engineer, at=at)
    return f"{engineer} limits its minutes and its tasks."


def _ask_trip_test(stage: Stage, at: datetime) -> str:
    engineer = stage.cast.users["engineer"]
    ask_trip_test(scope=_scope(stage), by=engineer, at=at)
    return f"{engineer} lets a loop run against its daily cap."


def _gather(stage: Stage, number: int, at: datetime) -> str:
    manager = stage.cast.manager(PLAN.unit)
    core_from = (reporting_today(at) + CORE_AFTER).isoformat()
    asked = {ROI: {"definition": slugify(RESULT)}, GRADUATION: {"starts_on": core_from}}
    inputs = asked.get(number, {})
    _step(stage, number, GateAction.GATHER, by=manager.username, at=at, given=Given(inputs=inputs))
    return f"{manager} gathers evidence for gate {number}."


def _submit_gate(stage: Stage, number: int, at: datetime) -> str:
    manager = stage.cast.manager(PLAN.unit)
    gate = _step(stage, number, GateAction.SUBMIT, by=manager.username, at=at)
    return f"{manager} submits gate {number}: it is {gate.get_state_display().lower()}."


def _sign(stage: Stage, number: int, by: str, at: datetime) -> str | None:
    """Sign a gate that waits for it, as on its page: it holds ten seconds later."""
    signer, gate = stage.cast.users[by], _gate_of(_initiative(stage), number)
    is_renewed = gate.state == GateState.PASSED and gate.evidence_id != gate.passed_on_id
    if gate.state != GateState.IN_REVIEW and not is_renewed:
        return None
    hold_gate_decision(
        gate=gate, action="sign", by=signer, version=gate.version, given=Given(), at=at
    )
    return f"{signer} signs gate {number}."


def _sign_in_sandbox(stage: Stage, number: int, by: str, at: datetime) -> str | None:
    """Sign as long as it is an experiment: what graduates has no gates any more."""
    found = stage.initiative()
    if found is None or found.state != InitiativeState.SANDBOX:
        return None
    return _sign(stage, number, by, at)


def _renew(stage: Stage, number: int, at: datetime) -> str | None:
    """Gather evidence anew for a pass that ends soon; it stands until the new one is signed."""
    if _initiative(stage).state != InitiativeState.SANDBOX:
        return None
    gate = _gate_of(_initiative(stage), number)
    soon = reporting_today(at) + RENEWED_WITHIN
    if gate.state != GateState.PASSED or gate.recheck_on is None or gate.recheck_on > soon:
        return None
    return _gather(stage, number, at)


def _submit_baseline(stage: Stage, at: datetime) -> str | None:
    """Gather and submit gate 4 where thirty days are final and nobody has judged them yet."""
    found = stage.initiative()
    if found is None or not is_complete(found, reporting_today(at)):
        return None
    gate = _gate_of(found, STABILITY)
    if gate.state != GateState.NOT_STARTED:
        return None
    _gather(stage, STABILITY, at)
    return _submit_gate(stage, STABILITY, at)


def _submit_graduation(stage: Stage, at: datetime) -> str | None:
    """Gather and submit gate 5 once gate 4 is passed and nobody has asked for it yet."""
    found = _initiative(stage)
    if _gate_of(found, STABILITY).state != GateState.PASSED:
        return None
    if _gate_of(found, GRADUATION).state != GateState.NOT_STARTED:
        return None
    _gather(stage, GRADUATION, at)
    return _submit_gate(stage, GRADUATION, at)


def _step(
    stage: Stage,
    number: int,
    action: GateAction,
    *,
    by: str,
    at: datetime,
    given: Given | None = None,
) -> Gate:
    found = _initiative(stage)
    return take_gate_step(
        initiative_id=found.pk,
        number=number,
        action=action,
        by=stage.cast.users[by],
        version=_gate_of(found, number).version,
        at=at,
        given=given,
    )


def _gate_of(found: Initiative, number: int) -> Gate:
    """Return a gate as it is now, or as it is before it started."""
    gate = Gate.objects.filter(initiative=found, number=number).first()
    return gate or Gate(initiative=found, number=number)


def _initiative(stage: Stage) -> Initiative:
    found = stage.initiative()
    if found is None:
        raise LookupError(f"{PLAN.name} is not asked for yet.")
    return found


def _scope(stage: Stage) -> Scope:
    return Scope.objects.get(slug=f"initiative:{_initiative(stage).slug}")
