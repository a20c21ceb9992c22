"""The pipeline of experiments: in which stage each is, since when, and for whom it waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Max

from budgets.gate_lifecycle import GateState
from budgets.gate_rights import known_of, open_parts_of
from budgets.gates.registry import GATES, title_of
from budgets.lifecycle import GRADUATED, RUNNING, SPENDING, InitiativeAction, InitiativeState
from budgets.models import Gate, Initiative, InitiativeStep
from budgets.queries.baseline_page import strips_of
from budgets.queries.baseline_standing import GATE_NUMBER as BASELINE
from budgets.queries.experiments import (
    InitiativeStanding,
    initiative_standings,
    visible_initiatives,
)
from budgets.queries.gates import Progress, progress_of
from finops.periods import reporting_day
from finops.stability.strip import Cell
from org.models import Approval, User
from org.queries.calendar import company
from org.templatetags.figures import day as written_day

MONTH = timedelta(days=30)
STUCK_DAYS = 30
# What begins a stage, beside the passes of gates.
BEGINNING = (
    InitiativeAction.APPROVE,
    InitiativeAction.SUBMIT,
    InitiativeAction.GRADUATE,
    InitiativeAction.ENTER_CORE,
    InitiativeAction.PROBATE,
    InitiativeAction.RECOVER,
    InitiativeAction.DEMOTE,
)
PROPOSED, CLOSED = "proposed", "closed"
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Card:
    """An experiment on the board.

    `days` is for how long it has been in its stage, None for what is closed; `month_usd` what
    the last thirty days cost as far as they are known, today among them. `baseline` is the strip
    of one that is at gate 4.
    """

    standing: InitiativeStanding
    stage: str
    progress: Progress | None
    waits_for: str
    days: int | None
    month_usd: Decimal
    baseline: Sequence[Cell] = ()

    @property
    def is_stuck(self) -> bool:
        return self.days is not None and self.days > STUCK_DAYS and not self.is_graduated

    @property
    def is_graduated(self) -> bool:
        return self.standing.initiative.state in GRADUATED

    @property
    def is_blocked(self) -> bool:
        return self.standing.is_running and bool(self.standing.blocked_reason)

    @property
    def strip(self) -> list[Decimal]:
        """What each of the last thirty known days cost, the last one last."""
        return [usd for _, usd in self.standing.daily[-MONTH.days :]]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A column of the board with its experiments and their money."""

    key: str
    label: str
    cards: Sequence[Card]

    @property
    def cap_usd(self) -> Decimal:
        return sum((card.standing.initiative.cap_usd for card in self.cards), ZERO)

    @property
    def spent_usd(self) -> Decimal:
        return sum((card.standing.spent_usd for card in self.cards), ZERO)

    @property
    def month_usd(self) -> Decimal:
        return sum((card.month_usd for card in self.cards), ZERO)


def pipeline(*, user: User, on: date, stuck_only: bool = False) -> list[Stage]:
    """Return every stage there is with the experiments the user may see, the newest first."""
    standings = initiative_standings(visible_initiatives(user), on=on)
    cards = _cards(standings, on=on)
    chosen = [card for card in cards if card.is_stuck or not stuck_only]
    return [
        Stage(key=key, label=label, cards=[card for card in chosen if card.stage == key])
        for key, label in _stages()
    ]


def _stages() -> list[tuple[str, str]]:
    return [
        (PROPOSED, "Proposed"),
        *((f"gate-{number}", title_of(number)) for number in sorted(GATES)),
        *((state.value, str(state.label)) for state in GRADUATED),
        (CLOSED, "Closed"),
    ]


def _cards(standings: Sequence[InitiativeStanding], *, on: date) -> list[Card]:
    initiatives = [each.initiative for each in standings]
    running = [each for each in initiatives if each.state in SPENDING]
    progress, zone = progress_of(running), company().zone
    gates = _next_gates(running, progress)
    waits = _waiting_for_parts(list(gates.values()))
    begun = _begun(initiatives)
    at_baseline = [each for each in running if _next_number(progress.get(each.pk)) == BASELINE]
    strips = strips_of(at_baseline, on=on)
    return [
        Card(
            standing=each,
            stage=_stage(each.initiative, progress.get(each.initiative.pk)),
            progress=progress.get(each.initiative.pk),
            waits_for=_waits_for(each, gates.get(each.initiative.pk), waits),
            days=_days(each.initiative, begun, zone, on=on),
            month_usd=_month(each, on=on),
            baseline=strips.get(each.initiative.pk, ()),
        )
        for each in standings
    ]


def _month(standing: InitiativeStanding, *, on: date) -> Decimal:
    known = (usd for day, usd in standing.daily if day > on - MONTH)
    return sum(known, standing.spent_today_usd)


def _stage(initiative: Initiative, progress: Progress | None) -> str:
    if initiative.state in (InitiativeState.DRAFT, InitiativeState.REQUESTED):
        return PROPOSED
    if initiative.state in GRADUATED:
        return initiative.state
    if initiative.state not in RUNNING:
        return CLOSED
    number = _next_number(progress)
    return InitiativeState.GRADUATING.value if number is None else f"gate-{number}"


def _next_number(progress: Progress | None) -> int | None:
    return progress.next_number if progress else None


def _next_gates(running: Sequence[Initiative], progress: dict[int, Progress]) -> dict[int, Gate]:
    """Return of each running experiment the gate it is at, started or not."""
    rows = Gate.objects.filter(initiative__in=running).select_related("evidence__by")
    kept = {(gate.initiative_id, gate.number): gate for gate in rows}
    found = {}
    for each in running:
        number = progress[each.pk].next_number if each.pk in progress else None
        if number is None:
            continue
        gate = kept.get((each.pk, number)) or Gate(initiative=each, number=number)
        gate.initiative = each
        found[each.pk] = gate
    return found


def _waiting_for_parts(gates: Sequence[Gate]) -> dict[int, str]:
    """Return for the gates in review, by experiment, which parts have not signed."""
    in_review = [gate for gate in gates if gate.state == GateState.IN_REVIEW]
    known = known_of(in_review)
    found = {}
    for gate in in_review:
        parts = open_parts_of(gate, GATES[gate.number], known[gate.pk].signed)
        found[gate.initiative_id] = " and ".join(part.in_words for part in parts)
    return found


def _waits_for(standing: InitiativeStanding, gate: Gate | None, parts: dict[int, str]) -> str:
    """Say who has to do something next; nothing where nobody has."""
    initiative, extension = standing.initiative, standing.extension
    match initiative.state:
        case InitiativeState.DRAFT:
            return f"Waits for {initiative.requested_by} to ask for it"
        case InitiativeState.REQUESTED:
            return f"Waits for a CFO of {initiative.unit} to decide"
        case InitiativeState.GRADUATING:
            return f"Waits for {written_day(standing.core_from)}, when it enters core"
        case InitiativeState.SANDBOX | InitiativeState.DEMOTED:
            if extension is not None and extension.state == Approval.State.PENDING:
                return f"Waits for a CFO of {initiative.unit} to decide on more time"
            return _gate_waits_for(initiative, gate, parts)
    return ""


def _gate_waits_for(initiative: Initiative, gate: Gate | None, parts: dict[int, str]) -> str:
    if gate is None:
        return ""
    match gate.state:
        case GateState.IN_REVIEW:
            return f"Waits for {parts[initiative.pk]} to sign"
        case GateState.EVIDENCE:
            return f"Waits for {initiative.owner} to submit its evidence"
        case GateState.DEFERRED:
            return f"Deferred until {written_day(gate.recheck_on)}; then {initiative.owner} again"
    return f"Waits for {initiative.owner} to gather evidence"


def _begun(initiatives: Sequence[Initiative]) -> dict[int, list[datetime]]:
    """Return for each experiment the moments at which a stage of it began."""
    steps = InitiativeStep.objects.filter(initiative__in=initiatives, action__in=BEGINNING)
    passes = Gate.objects.filter(initiative__in=initiatives, state=GateState.PASSED)
    found: dict[int, list[datetime]] = {each.pk: [each.created_at] for each in initiatives}
    for pk, at in [
        *steps.values_list("initiative").annotate(last=Max("at")),
        *passes.values_list("initiative").annotate(last=Max("passed_at")),
    ]:
        found[pk].append(at)
    return found


def _days(
    initiative: Initiative, begun: dict[int, list[datetime]], zone: ZoneInfo, *, on: date
) -> int | None:
    if _stage(initiative, None) == CLOSED:
        return None
    return (on - reporting_day(max(begun[initiative.pk]), zone)).days
