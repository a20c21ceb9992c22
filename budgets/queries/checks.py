"""What an initiative must satisfy: to be saved at all, and to be asked for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from budgets.models import Initiative
from budgets.queries.hierarchy import active_budget
from budgets.queries.ledger import pool_left_usd
from budgets.queries.pool_policy import profile_of_request
from budgets.queries.thresholds import waiting_above
from budgets.rights import INITIATIVE
from budgets.terms import UNCHANGED, Change, InitiativeTerms, Match, terms_of
from budgets.threshold_wording import held_in_words
from finops.money import to_cents
from finops.pools import held_at_first_usd
from finops.rules import validate_when
from ingestion.queries.rules import RULE_ATTRIBUTES
from org.profile_wording import rests_on, value_of
from org.queries.calendar import fiscal_year_containing
from org.queries.profile import EffectiveProfile
from org.refusals import FieldError, Refusal
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd

MIN_HYPOTHESIS = 30
START_GRACE = timedelta(days=1)
MAX_VOLUME = 2**31 - 1  # what the column holds
MAX_AMOUNT_USD = Decimal(10) ** 12


class Check(NamedTuple):
    """One line of the policy check: what is asked, whether it holds, and what there is."""

    pointer: str
    label: str
    ok: bool
    detail: str


def problems_of(terms: InitiativeTerms) -> list[FieldError]:
    """Say what keeps the terms from being saved, even as a draft."""
    found = [
        FieldError(pointer, detail)
        for pointer, holds, detail in (
            ("/name", terms.name.strip() != "", "Give the experiment a name."),
            ("/unit", terms.unit.retired_on is None, f"{terms.unit} is retired."),
            ("/cap_usd", _is_cap(terms.cap_usd), "The cap must be above zero, in whole cents."),
            (
                "/daily_cap_usd",
                _is_cap(terms.daily_cap_usd),
                "The daily cap must be above zero, in whole cents.",
            ),
            (
                "/ends_on",
                terms.ends_on > terms.starts_on,
                "The end must lie after the start; it is the first day without the experiment.",
            ),
            (
                "/stop_loss_pct",
                terms.stop_loss_pct is None or 1 <= terms.stop_loss_pct <= 100,  # noqa: PLR2004 -- percent
                "The stop-loss is a share of the cap from 1 to 100 percent.",
            ),
            (
                "/expected_volume",
                terms.expected_volume is None or 1 <= terms.expected_volume <= MAX_VOLUME,
                f"Expect from 1 to {MAX_VOLUME:,} units of work, or say nothing.",
            ),
        )
        if not holds
    ]
    if _is_cap(terms.cap_usd) and terms.daily_cap_usd > terms.cap_usd:
        detail = f"A day cannot be allowed more than the whole: at most {usd(terms.cap_usd)}."
        found.append(FieldError("/daily_cap_usd", detail))
    return found + match_problems(terms.match)


def match_problems(match: object) -> list[FieldError]:
    """Say what is wrong with the conditions that tell the experiment's calls."""
    if not isinstance(match, Sequence) or isinstance(match, str | bytes):
        return [FieldError("/match", "`match` must be a list of objects of attributes.")]
    return [
        FieldError(f"/match/{position}", detail)
        for position, when in enumerate(match)
        for detail in _when_problems(when)
    ]


def asking_checks(initiative: Initiative, *, on: date, change: Change = UNCHANGED) -> list[Check]:
    """Return the checks of what is to be asked, or was, under the profile that goes for it."""
    found = profile_of_request(kind=INITIATIVE, subject_id=initiative.pk, on=on)
    return policy_checks(change.of(terms_of(initiative)), on=on, found=found)


def policy_checks(terms: InitiativeTerms, *, on: date, found: EffectiveProfile) -> list[Check]:
    """Return every check that a request has to pass, in the order people read them.

    `found` is the profile it is asked under.
    """
    length = len(terms.hypothesis.strip())
    return [
        Check(
            "/hypothesis",
            f"The hypothesis says what is expected, in {MIN_HYPOTHESIS} characters or more",
            length >= MIN_HYPOTHESIS,
            f"It has {length}.",
        ),
        Check(
            "/owner",
            "The owner has an account that is active",
            terms.owner.is_active,
            f"{terms.owner}." if terms.owner.is_active else f"{terms.owner} cannot sign in.",
        ),
        Check(
            "/starts_on",
            "It does not start in the past",
            terms.starts_on >= on - START_GRACE,
            f"It starts on {written_day(terms.starts_on)}; today is {written_day(on)}.",
        ),
        _length_check(terms, found),
        Check(
            "/match",
            "Its calls can be told from all others",
            bool(terms.match) and not match_problems(terms.match),
            _match_detail(terms.match),
        ),
        *money_checks(terms, found=found),
    ]


def _length_check(terms: InitiativeTerms, found: EffectiveProfile) -> Check:
    days = (terms.ends_on - terms.starts_on).days
    return Check(
        "/ends_on",
        f"It ends within {value_of(found, 'experiment_days')}",
        0 < days <= found.profile.experiment_days,
        f"It runs for {days} {'day' if days == 1 else 'days'}; the limit is"
        f" {rests_on(found, 'experiment_days')}.",
    )


def money_checks(terms: InitiativeTerms, *, found: EffectiveProfile) -> list[Check]:
    """Return whether the unit has a budget of the year, and its pool enough for the cap."""
    try:
        year = fiscal_year_containing(terms.starts_on)
    except Refusal as refusal:
        return [Check("/starts_on", "Its fiscal year is open", ok=False, detail=refusal.detail)]
    has_budget = active_budget(unit=terms.unit, fiscal_year=year) is not None
    left_usd = pool_left_usd(unit=terms.unit, fiscal_year=year)
    overbooking = found.profile.pool_overbooking
    needed_usd = held_at_first_usd(cap_usd=terms.cap_usd, overbooking=overbooking)
    missing = "" if has_budget else " There is none: ask for it first."
    return [
        Check(
            "/unit",
            f"{terms.unit} has an approved budget for FY{year}",
            has_budget,
            f"FY{year}.{missing}",
        ),
        Check(
            "/cap_usd",
            "The unit's experimentation pool can give the cap",
            has_budget and left_usd >= needed_usd,
            f"The pool has {usd(left_usd)} left; {usd(terms.cap_usd)} is asked."
            + _set_aside(needed_usd, found),
        ),
        *_threshold_checks(terms, fiscal_year=year),
    ]


def _set_aside(needed_usd: Decimal, found: EffectiveProfile) -> str:
    """Say how much an overbooked pool sets aside at first; nothing where it promises no more."""
    if found.profile.pool_overbooking == 1:
        return ""
    return (
        f" It sets {usd(needed_usd)} aside at first, because it promises"
        f" {value_of(found, 'pool_overbooking')} times what it holds."
    )


def _threshold_checks(terms: InitiativeTerms, *, fiscal_year: int) -> list[Check]:
    """Return what waits for an answer at a threshold of the budgets that it lies beneath."""
    return [
        Check(
            "/unit",
            f"The budget of {crossing.budget} lets new experiments begin",
            ok=False,
            detail=held_in_words(crossing),
        )
        for crossing in waiting_above(terms.unit, fiscal_year=fiscal_year)
    ]


def grant_problems(asked: InitiativeTerms, change: Change, *, on: date) -> list[FieldError]:
    """Say what keeps less than was asked from being granted."""
    granted = change.of(asked)
    # The end is said below in the words of the decision.
    problems = [problem for problem in problems_of(granted) if problem.pointer != "/ends_on"]
    problems += [
        FieldError(pointer, detail)
        for pointer, holds, detail in (
            (
                "/cap_usd",
                granted.cap_usd <= asked.cap_usd,
                f"A cap of {usd(asked.cap_usd)} was asked: grant that or less.",
            ),
            (
                "/daily_cap_usd",
                granted.daily_cap_usd <= asked.daily_cap_usd,
                f"A daily cap of {usd(asked.daily_cap_usd)} was asked: grant that or less.",
            ),
            (
                "/ends_on",
                granted.ends_on <= asked.ends_on,
                f"The end asked is {written_day(asked.ends_on)}: grant that or an earlier one.",
            ),
            (
                "/ends_on",
                granted.ends_on > asked.starts_on,
                f"It starts on {written_day(asked.starts_on)}: the end must lie after that.",
            ),
            (
                "/ends_on",
                granted.ends_on > on or granted.ends_on <= asked.starts_on,
                f"The end must lie after today, {written_day(on)}.",
            ),
        )
        if not holds
    ]
    if granted == asked:
        detail = "Nothing is less than was asked: lower something, or approve it as asked."
        problems.append(FieldError("/cap_usd", detail))
    return problems


def failures(checks: Iterable[Check]) -> list[FieldError]:
    """Return the checks that do not hold, as sentences about their fields."""
    return [
        FieldError(check.pointer, f"{check.label}. {check.detail}")
        for check in checks
        if not check.ok
    ]


def _is_cap(value: Decimal) -> bool:
    return value.is_finite() and 0 < value < MAX_AMOUNT_USD and to_cents(value) == value


def _match_detail(match: Sequence[Match]) -> str:
    if not match:
        return "No condition is given."
    return " ".join(problem.detail for problem in match_problems(match)) or "The conditions hold."


def _when_problems(when: object) -> list[str]:
    problems = validate_when(when, RULE_ATTRIBUTES)
    if problems or not isinstance(when, Mapping):
        return problems
    if not when:
        return ["An empty condition holds for every call of the company."]
    problems += [
        f"`{name}` is compared with an empty text: every call without it would match."
        for name, wanted in when.items()
        if "" in _patterns(wanted)
    ]
    if not problems and not any(_is_specific(wanted) for wanted in when.values()):
        return ["A condition of nothing but wildcards holds for every call of the company."]
    return problems


def _patterns(wanted: str | Sequence[str]) -> Sequence[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _is_specific(wanted: str | Sequence[str]) -> bool:
    """Test whether each pattern names at least one character."""
    return all(pattern.strip("*?") for pattern in _patterns(wanted))
