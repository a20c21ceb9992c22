"""Setting core right where late data moved the run rate that it was signed for."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from budgets.core_sentences import true_up_sentence
from budgets.lifecycle import IN_CORE, InitiativeState
from budgets.models import Account, CoreGrant, CorePart, Graduation, Initiative, Journal, TrueUp
from budgets.operations.core_money import Shift, shift_money, write_grants
from budgets.operations.core_news import tell_of_core
from budgets.operations.graduations import hold_money
from budgets.operations.history import locked_initiative
from budgets.operations.sandbox import lock_money_of
from budgets.queries.core_baseline import remeasured
from budgets.queries.core_money import (
    closed_beside,
    current_rate_usd,
    held_by_period,
    newest_graduation,
    payer_of,
    reserve_of,
)
from budgets.queries.ledger import balances_of_units
from finops.graduation import Phased, needs_true_up
from finops.true_up import true_up_parts
from ingestion.queries.periods import closed_days
from org.models import Unit
from org.queries.calendar import periods_of_year

ZERO = Decimal("0.00")
FOLLOWED = (InitiativeState.GRADUATING, *IN_CORE)
Parts = list[tuple[CorePart, list[Phased]]]


def true_up_core(*, at: datetime) -> list[str]:
    """Measure every baseline in core again, and follow those that moved; return the slugs."""
    found = Initiative.objects.filter(state__in=FOLLOWED).order_by("pk")
    return [slug for pk, slug in found.values_list("pk", "slug") if _true_up(pk, at=at)]


@transaction.atomic
def _true_up(initiative_id: int, *, at: datetime) -> bool:
    initiative = locked_initiative(initiative_id)
    graduation = newest_graduation(initiative)
    if initiative.state not in FOLLOWED or graduation is None:
        return False  # somebody was here since we looked
    now_usd = remeasured(graduation).run_rate_usd
    last = graduation.true_ups.order_by("-number").first()
    known_usd = last.run_rate_usd if last else graduation.run_rate_usd
    if now_usd == known_usd and (last is None or last.state != TrueUp.State.OPEN):
        return False
    before_usd = current_rate_usd(graduation)
    if not needs_true_up(before_usd, now_usd):
        return _keep(_row(graduation, TrueUp.State.NOTED, now_usd, at=at), last=last)
    hold_money(initiative)
    return _follow(initiative, graduation, now_usd, last=last, at=at)


def _follow(
    initiative: Initiative,
    graduation: Graduation,
    now_usd: Decimal,
    *,
    last: TrueUp | None,
    at: datetime,
) -> bool:
    """Post what core gains or gives back; what nobody can pay stays open."""
    parts = _parts(graduation, now_usd)
    core_usd = sum((each.usd for _, phased in parts for each in phased), ZERO)
    row = _row(graduation, TrueUp.State.OPEN, now_usd, at=at)
    row.core_usd, row.starts_on = core_usd, _first_day(parts)
    if not core_usd:
        row.state = TrueUp.State.NOTED
        return _keep(row, last=last, why_not="All periods that it would move are closed.")
    payer = payer_of(graduation, core_usd)
    why_not = _why_not(graduation, parts, payer, core_usd)
    if why_not or payer is None:
        return _keep(row, last=last, why_not=why_not)
    row.journal = _post(initiative, graduation, parts, payer, core_usd, at=at)
    row.state, row.contingency_unit = TrueUp.State.POSTED, payer
    return _keep(row, last=last)


def _parts(graduation: Graduation, now_usd: Decimal) -> Parts:
    parts = list(graduation.parts.select_related("unit").order_by("pk"))
    closed, year = closed_days(), periods_of_year(graduation.fiscal_year)
    open_ends = {each.end for each in year if closed.label_of(each.start) is None}
    # A period of which core holds nothing any more is followed too.
    held = [
        [each for each in held_by_period(part) if each.period.end in open_ends] for part in parts
    ]
    moved = true_up_parts(
        now_usd,
        on=graduation.starts_on,
        periods=[each.period for each in year],
        shares=[part.share for part in parts],
        held=held,
    )
    return list(zip(parts, moved, strict=True))


def _why_not(graduation: Graduation, parts: Parts, payer: Unit | None, core_usd: Decimal) -> str:
    """Say why it cannot be posted; nothing where it can."""
    if payer is None:
        return "No budget above it has a contingency."
    units = {unit.pk: unit for unit in [*(part.unit for part, _ in parts), payer]}
    if closed := closed_beside(graduation, list(units.values())):
        return f"The FY{graduation.fiscal_year} budget of {' and '.join(closed)} is closed."
    if core_usd > reserve_of(payer, fiscal_year=graduation.fiscal_year):
        return f"The contingency of {payer} does not have it."
    return _why_core_cannot(graduation, parts)


def _why_core_cannot(graduation: Graduation, parts: Parts) -> str:
    units = [part.unit for part, _ in parts]
    has = balances_of_units(units=units, fiscal_year=graduation.fiscal_year)
    for part, phased in parts:
        gains = sum((each.usd for each in phased), ZERO)
        if -gains > has.get((part.unit_id, Account.Kind.CORE), ZERO):
            return f"The core of {part.unit} passed on what it would give back."
    return ""


def _post(
    initiative: Initiative,
    graduation: Graduation,
    parts: Parts,
    payer: Unit,
    core_usd: Decimal,
    *,
    at: datetime,
) -> Journal:
    own, _ = lock_money_of(initiative)
    journal = shift_money(
        Shift(
            fiscal_year=graduation.fiscal_year,
            core=[(part.unit, phased) for part, phased in parts],
            pool=initiative.unit,
            pool_usd=ZERO,
            experiment=own,
            experiment_usd=ZERO,
            contingency=payer,
            contingency_usd=-core_usd,
        ),
        kind=Journal.Kind.TRUE_UP,
        memo=f"{initiative.name}: run rate set right by late data"[:200],
        approval=graduation.approval,
        by=graduation.by,  # who signed for all that follows from it
        at=at,
    )
    write_grants(parts, cause=CoreGrant.Cause.TRUE_UP, journal=journal, at=at)
    return journal


def _row(graduation: Graduation, state: TrueUp.State, now_usd: Decimal, *, at: datetime) -> TrueUp:
    return TrueUp(
        graduation=graduation,
        number=graduation.true_ups.count() + 1,
        state=state,
        before_usd=current_rate_usd(graduation),
        run_rate_usd=now_usd,
        core_usd=ZERO,
        at=at,
    )


def _keep(row: TrueUp, *, last: TrueUp | None, why_not: str = "") -> bool:
    """Write it down and tell of it, unless it says what the last one does: it waits still."""
    again = last is not None and last.state == row.state == TrueUp.State.OPEN
    if again and last is not None and last.run_rate_usd == row.run_rate_usd:
        return False
    row.reason = true_up_sentence(row, why_not=why_not)
    row.save(force_insert=True)
    tell_of_core(
        row.graduation.initiative, what="measures another run rate", text=row.reason, at=row.at
    )
    return True


def _first_day(parts: Parts) -> date | None:
    return min((each.period.start for _, phased in parts for each in phased), default=None)
