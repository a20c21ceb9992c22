"""What a waiver has to satisfy when it is asked for, and again when it is signed."""

from datetime import date, timedelta
from decimal import Decimal

from budgets.models import Waiver
from budgets.queries.waivers import end_of
from budgets.waiver_terms import WaiverTerms
from finops.money import to_cents
from finops.waiver import GRACE_DAYS, LEAST_TARGET_MARGIN, End, latest_expiry
from ingestion.queries.definitions import terms_of
from org.queries.profile import EffectiveProfile, profile_on
from org.refusals import FieldError
from org.templatetags.figures import day as written_day
from org.templatetags.figures import percent

LARGEST = Decimal(10) ** 12
MOST_TARGET = 10**15


def why_no_waivers(*, on: date) -> str | None:
    """Say why the company's profile allows no waiver on a day."""
    profile = profile_on(on).profile
    if profile.gm_target < LEAST_TARGET_MARGIN:
        return (
            f"The company's target margin is {percent(profile.gm_target)}: waivers of the floor"
            f" need a target of {percent(LEAST_TARGET_MARGIN)} or more."
        )
    if not profile.waiver_quarters:
        return "The company's profile allows no waiver of the margin floor."
    return None


def waiver_problems(
    terms: WaiverTerms, *, on: date, floor: Decimal, is_new: bool = True
) -> list[FieldError]:
    """Say what of a waiver does not hold; one that is signed may have begun meanwhile."""
    if (why_not := why_no_waivers(on=on)) is not None:
        return [FieldError("/", why_not)]
    product = terms_of(terms.definition).product
    if not product:
        detail = "Choose work that customers pay for: internal work has no margin."
        return [FieldError("/definition", detail)]
    found = [*_of_amounts(terms, floor=floor), *_of_days(terms, on=on, is_new=is_new)]
    if not found:
        found = _beside_others(terms, product, on=on)
    return found


def _of_amounts(terms: WaiverTerms, *, floor: Decimal) -> list[FieldError]:
    found = []
    waived, most = terms.waived_floor, terms.most_usd
    if not (waived.is_finite() and 0 <= waived < floor and round(waived, 4) == waived):
        detail = f"The waived floor lies from 0% to below the floor of {percent(floor)}."
        found.append(FieldError("/waived_floor", detail))
    if not (most.is_finite() and 0 < most < LARGEST and to_cents(most) == most):
        detail = "Say in whole cents what the waiver may cost at most, above zero."
        found.append(FieldError("/most_usd", detail))
    if not 0 < terms.target < MOST_TARGET:
        detail = "The goal is a count of results in one fiscal period, above zero."
        found.append(FieldError("/target", detail))
    return found


def _of_days(terms: WaiverTerms, *, on: date, is_new: bool) -> list[FieldError]:
    found = profile_on(on)
    latest = _latest(terms, found)
    if is_new and terms.starts_on < on:
        detail = f"A waiver begins on {written_day(on)} or later: it allows nothing that is past."
        return [FieldError("/starts_on", detail)]
    if terms.expires_on <= max(terms.starts_on, on):
        return [FieldError("/expires_on", "It must expire after it begins, and after today.")]
    if terms.expires_on > latest:
        quarters = found.profile.waiver_quarters
        detail = (
            f"The profile allows {quarters} quarter{'s' if quarters > 1 else ''}: it expires on"
            f" {written_day(latest)} at the latest."
        )
        return [FieldError("/expires_on", detail)]
    return []


def _latest(terms: WaiverTerms, found: EffectiveProfile) -> date:
    return latest_expiry(starts_on=terms.starts_on, quarters=found.profile.waiver_quarters)


def _beside_others(terms: WaiverTerms, product: str, *, on: date) -> list[FieldError]:
    """Say which other waiver of the product stands against it."""
    # The one that is being signed still waits, so it is not among these.
    signed = Waiver.objects.filter(product=product, state=Waiver.State.SIGNED)
    last = signed.order_by("-starts_on").first()
    if terms.renews is not None:
        return _of_renewal(terms, terms.renews, on=on, last=last)
    if last is None:
        return []
    end = end_of(last, on=on) if last.starts_on <= on else None
    back = (end.on if end else last.expires_on) + timedelta(days=GRACE_DAYS)
    if terms.starts_on < back:
        detail = (
            f"{product} has a waiver whose floor is back on {written_day(back)}: renew that one,"
            " or begin then."
        )
        return [FieldError("/starts_on", detail)]
    return []


def _of_renewal(
    terms: WaiverTerms, renewed: Waiver, *, on: date, last: Waiver | None
) -> list[FieldError]:
    if renewed.state != Waiver.State.SIGNED or last is None or last.pk != renewed.pk:
        return [
            FieldError("/renews", "Only the last waiver of a product that was signed is renewed.")
        ]
    if renewed.renews_id is not None:
        return [FieldError("/renews", "A waiver is renewed once, and this one is a renewal.")]
    end = end_of(renewed, on=on) if renewed.starts_on <= on else None
    if end and end.why == End.TARGET:
        return [FieldError("/renews", "Its goal is reached: there is nothing to renew.")]
    first = end.on if end else renewed.expires_on
    if not first <= terms.starts_on <= first + timedelta(days=GRACE_DAYS):
        detail = (
            f"A renewal begins from {written_day(first)} to"
            f" {written_day(first + timedelta(days=GRACE_DAYS))}: when the first one ends, or on"
            " the way back to the floor."
        )
        return [FieldError("/starts_on", detail)]
    if terms.waived_floor < renewed.waived_floor:
        detail = f"A renewal goes no lower than {percent(renewed.waived_floor)}."
        return [FieldError("/waived_floor", detail)]
    return []
