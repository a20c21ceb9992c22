"""Waivers of the margin floor: asked for by one person, signed by a CFO, ended by the figures."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from budgets.models import Waiver
from budgets.operations.news import tell_of_signature
from budgets.operations.requests import ask_for
from budgets.operations.signing import open_request, tell_asker, tell_deciders
from budgets.queries.waiver_checks import waiver_problems
from budgets.queries.waivers import CAUSES, standing_of_waiver, unit_costs_of
from budgets.rights import WAIVER, why_not_ask, why_not_sign
from budgets.waiver_terms import WaiverTerms, as_written
from finops.waiver import LEAST_COST_FALL, fell_enough
from ingestion.queries.definitions import terms_of
from org.audit import record
from org.models import Approval, NoticeKind, Role, User
from org.operations.approvals import record_decision, terms_hash_of, withdraw_request
from org.operations.notices import tell
from org.queries.calendar import reporting_today
from org.queries.people import holders_of
from org.queries.profile import profile_on
from org.refusals import Invalid, NotAllowed, Refusal
from org.templatetags.figures import day as written_day
from org.templatetags.figures import percent, unit_usd, usd


@transaction.atomic
def ask_waiver(*, terms: WaiverTerms, by: User, at: datetime) -> Waiver:
    """Ask to let a product stay below its floor; raises NotAllowed, Invalid or Refusal."""
    unit = terms.definition.unit
    if (why_not := why_not_ask(by, unit=unit)) is not None:
        raise NotAllowed(why_not)
    if not terms.reason.strip():
        raise Invalid.of("reason", "Say why: the person who decides will read it.")
    on = reporting_today(at)
    floor = profile_on(on).profile.gm_floor
    if problems := waiver_problems(terms, on=on, floor=floor):
        raise Invalid(problems[0].detail, errors=problems)
    waiver = _kept(terms, floor, _costs(terms.renews, at=at), by=by, at=at)
    asked = ask_for(
        kind=WAIVER,
        subject_id=waiver.pk,
        unit=unit,
        title=_title(waiver)[:200],
        terms=as_written(waiver),
        amount_usd=waiver.most_usd,
        url=f"/economics/waivers/{waiver.pk}/",
        by=by,
        at=at,
    )
    _remember(waiver, "asked", by=by, at=at)
    tell_deciders(asked, text=waiver.reason, by=by, at=at)
    return waiver


@transaction.atomic
def decide_waiver(*, waiver_id: int, approve: bool, by: User, reason: str, at: datetime) -> Waiver:
    """Sign the waiver that waits, or reject it with a reason."""
    waiver = _locked(waiver_id)
    asked = open_request(kind=WAIVER, subject_id=waiver.pk)
    if (why_not := why_not_sign(by, asked=asked, at=at, approving=approve)) is not None:
        raise NotAllowed(why_not)
    if approve:
        on, terms = reporting_today(at), _terms_of(waiver)
        if problems := waiver_problems(terms, on=on, floor=waiver.floor, is_new=False):
            raise Invalid(problems[0].detail, errors=problems)
    decided = record_decision(
        kind=WAIVER,
        subject_id=waiver.pk,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        terms_hash=terms_hash_of(as_written(waiver)),
    )
    if decided.state == Approval.State.PENDING:
        tell_of_signature(decided, by=by, at=at)
        return waiver
    waiver.approval = decided
    waiver.state = Waiver.State.SIGNED if approve else Waiver.State.REJECTED
    waiver.save(update_fields=["state", "approval"])
    _remember(waiver, waiver.state, by=by, at=at)
    tell_asker(waiver.approval, by=by, at=at)
    return waiver


@transaction.atomic
def withdraw_waiver(*, waiver_id: int, by: User, at: datetime) -> Waiver:
    """Take the request for a waiver back before it is signed."""
    waiver = _locked(waiver_id)
    open_request(kind=WAIVER, subject_id=waiver.pk)
    if (why_not := why_not_ask(by, unit=waiver.unit)) is not None:
        raise NotAllowed(why_not)
    withdraw_request(kind=WAIVER, subject_id=waiver.pk, by=by, at=at)
    waiver.state = Waiver.State.WITHDRAWN
    waiver.save(update_fields=["state"])
    _remember(waiver, waiver.state, by=by, at=at)
    return waiver


def end_waivers(*, at: datetime) -> list[int]:
    """Write down what ended each waiver that is over; return those that ended now."""
    running = Waiver.objects.filter(
        state=Waiver.State.SIGNED, ended_on__isnull=True, starts_on__lte=reporting_today(at)
    )
    ids = list(running.order_by("pk").values_list("pk", flat=True))
    return [waiver_id for waiver_id in ids if _end(waiver_id, at=at)]


@transaction.atomic
def _end(waiver_id: int, *, at: datetime) -> bool:
    waiver = _locked(waiver_id)
    if waiver.ended_on is not None:
        return False  # another round was here since we looked
    standing = standing_of_waiver(waiver, on=reporting_today(at))
    if standing.end is None:
        return False
    waiver.ended_on, waiver.ended_by = standing.end.on, CAUSES[standing.end.why].value
    waiver.ended_used_usd, waiver.ended_at = standing.used_usd, at
    waiver.save(update_fields=["ended_on", "ended_by", "ended_used_usd", "ended_at"])
    record(
        actor=None,
        action="waiver.ended",
        subject=f"waiver:{waiver.pk}",
        detail=as_written(waiver)
        | {"ended_on": waiver.ended_on.isoformat(), "ended_by": waiver.ended_by},
        at=at,
    )
    _tell_of_end(waiver, used_usd=standing.used_usd, at=at)
    return True


def _tell_of_end(waiver: Waiver, *, used_usd: Decimal, at: datetime) -> None:
    label = waiver.get_ended_by_display().lower()
    tell(
        kind=NoticeKind.EXPIRY,
        subject=f"waiver:{waiver.pk}",
        title=f"The waiver of {waiver.product} has ended: {label}",
        text=(
            f"{usd(used_usd)} of {usd(waiver.most_usd)} used. From"
            f" {written_day(waiver.ended_on)} on its floor comes back to {percent(waiver.floor)}"
            " in thirty days."
        ),
        url=f"/economics/waivers/{waiver.pk}/",
        unit=waiver.unit,
        to={waiver.requested_by, *holders_of(Role.GM, Role.CFO, Role.FINANCE, unit=waiver.unit)},
        by=None,
        at=at,
        once=f"waiver:{waiver.pk}:ended",
    )


def _locked(waiver_id: int) -> Waiver:
    rows = Waiver.objects.select_for_update(of=("self",)).select_related(
        "unit", "definition__unit", "renews__definition", "requested_by"
    )
    return rows.get(pk=waiver_id)


def _costs(renewed: Waiver | None, *, at: datetime) -> dict[str, Decimal]:
    """Return what one result cost then and now; raises Invalid where it did not fall enough."""
    if renewed is None:
        return {}
    then, now = unit_costs_of(renewed, on=reporting_today(at))
    if then is None or now is None:
        raise Invalid.of(
            "renews",
            "Nobody knows what one result cost when the waiver began, or costs now: a renewal has"
            f" to show that it fell by {percent(LEAST_COST_FALL)}.",
        )
    if not fell_enough(unit_cost_then_usd=then, unit_cost_now_usd=now):
        raise Invalid.of(
            "renews",
            f"One result cost {unit_usd(then)} when the waiver began and costs {unit_usd(now)}"
            f" now: a renewal needs a fall of {percent(LEAST_COST_FALL)}.",
        )
    places = Decimal(1).scaleb(-12)
    return {
        "unit_cost_then_usd": then.quantize(places),
        "unit_cost_now_usd": now.quantize(places),
    }


def _kept(
    terms: WaiverTerms, floor: Decimal, costs: dict[str, Decimal], *, by: User, at: datetime
) -> Waiver:
    waiver = Waiver(
        unit=terms.definition.unit,
        product=terms_of(terms.definition).product,
        definition=terms.definition,
        floor=floor,
        waived_floor=terms.waived_floor,
        target=terms.target,
        starts_on=terms.starts_on,
        expires_on=terms.expires_on,
        most_usd=terms.most_usd,
        reason=terms.reason.strip(),
        renews=terms.renews,
        **costs,
        requested_by=by,
        requested_at=at,
    )
    try:
        with transaction.atomic():
            waiver.save(force_insert=True)
    except IntegrityError as error:
        if "waiver_waits_once" in str(error):
            raise Refusal(f"A waiver of {waiver.product} waits for a signature already.") from error
        if "waiver_is_renewed_once" in str(error):
            raise Refusal("This waiver is renewed already, or its renewal waits.") from error
        raise
    return waiver


def _terms_of(waiver: Waiver) -> WaiverTerms:
    names: dict[str, Any] = {
        name: getattr(waiver, name) for name in WaiverTerms.__dataclass_fields__
    }
    return WaiverTerms(**names)


def _title(waiver: Waiver) -> str:
    what = "Renewed waiver" if waiver.renews_id else "Waiver"
    return (
        f"{what} of {waiver.product}: {percent(waiver.waived_floor)} instead of"
        f" {percent(waiver.floor)} until {written_day(waiver.expires_on)}"
    )


def _remember(waiver: Waiver, what: str, *, by: User, at: datetime) -> None:
    record(
        actor=by,
        action=f"waiver.{what}",
        subject=f"waiver:{waiver.pk}",
        detail=as_written(waiver),
        at=at,
    )
