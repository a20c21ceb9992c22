"""Setting a scope's guard: what is watched beside its caps, and how its breaker acts."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from finops.breaker_readings import DOWNGRADE_AT, SLOW_AT
from finops.breaker_watch import CALM_BELOW
from finops.money import to_cents
from org import audit
from org.models import User
from org.refusals import FieldError, Invalid, NotAllowed, NotThere
from policy.models import Guard, Scope
from policy.models.guards import KEEP_FRACTION, PROBE_CALLS
from policy.operations.breaker import judge_scopes
from policy.operations.publish import publish
from policy.operations.watching import begin_watch
from policy.permissions import can_guard_scope

MOST = 2**31 - 1
MOST_TOKENS = 2**53
MOST_USD = Decimal(10) ** 12
MOST_PROBE_CALLS = 1000
LONGEST_LOOP_S = 86_400
_WHOLE = {
    "requests_per_minute": ("Requests a minute", MOST),
    "tokens_per_minute": ("Tokens a minute", MOST_TOKENS),
    "concurrency": ("Calls at a time", MOST),
    "task_steps": ("Steps of a task", MOST),
    "loop_calls": ("Calls of a loop", MOST),
    "loop_window_s": ("Seconds of a loop", LONGEST_LOOP_S),
    "probe_calls": ("Calls of a test", MOST_PROBE_CALLS),
}
_MONEY = {"usd_per_minute": "Dollars a minute", "task_usd": "Dollars of a task"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTerms:
    """What a guard says; None is no limit. Shares are of one."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    usd_per_minute: Decimal | None = None
    concurrency: int | None = None
    task_steps: int | None = None
    task_usd: Decimal | None = None
    loop_calls: int | None = None
    loop_window_s: int | None = None
    margin_floor: Decimal | None = None
    slow_at: Decimal = SLOW_AT
    downgrade_at: Decimal = DOWNGRADE_AT
    keep_fraction: Decimal = KEEP_FRACTION
    probe_calls: int = PROBE_CALLS


TERMS = tuple(field.name for field in fields(GuardTerms))


def terms_of(guard: Guard) -> GuardTerms:
    """Return what a guard says."""
    return GuardTerms(**{name: getattr(guard, name) for name in TERMS})


@transaction.atomic
def put_guard(*, scope: Scope, terms: GuardTerms, by: User, at: datetime) -> Guard:
    """Set a scope's guard in place of the one that stands, judge the scope by it and publish.

    One that says what stands already changes nothing. Raises NotAllowed and Invalid.
    """
    if not can_guard_scope(by, scope=scope):
        raise NotAllowed(f"The guard of {scope.name} is set by its engineers and the CFO.")
    check_terms(terms)
    live = scope.guards.filter(retired_at__isnull=True)
    standing = live.first()
    if standing is not None and terms_of(standing) == terms:
        return standing
    begin_watch(scope, at=at)
    detail = {name: value for name, value in asdict(terms).items() if value is not None}
    audit.record(actor=by, action="policy.guard_set", subject=scope.slug, at=at, detail=detail)
    locked = _lock(scope)
    live.update(retired_at=at)
    guard = Guard.objects.create(scope=locked, set_by=by, set_at=at, **asdict(terms))
    judge_scopes(Q(pk=locked.pk), at=at)
    publish(cause=f"{locked.name}: the guard was set.", by=by, at=at)
    return guard


def check_terms(terms: GuardTerms) -> None:
    """Refuse terms that do not hold, with a sentence for each field."""
    errors = [*_whole_errors(terms), *_money_errors(terms), *_share_errors(terms)]
    if (terms.loop_calls is None) != (terms.loop_window_s is None):
        missing = "loop_calls" if terms.loop_calls is None else "loop_window_s"
        errors.append(FieldError(f"/{missing}", "A loop is so many calls in so many seconds."))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _whole_errors(terms: GuardTerms) -> list[FieldError]:
    return [
        FieldError(f"/{name}", f"{label}: from 1 to {most:,}, not {value:,}.")
        for name, (label, most) in _WHOLE.items()
        if (value := getattr(terms, name)) is not None and not 1 <= value <= most
    ]


def _money_errors(terms: GuardTerms) -> list[FieldError]:
    return [
        FieldError(f"/{name}", f"{label}: more than nothing, in whole cents, not {value}.")
        for name, label in _MONEY.items()
        if (value := getattr(terms, name)) is not None and not _is_amount(value)
    ]


def _is_amount(usd: Decimal) -> bool:
    return usd.is_finite() and 0 < usd < MOST_USD and to_cents(usd) == usd


def _share_errors(terms: GuardTerms) -> list[FieldError]:
    floor, keep = terms.margin_floor, terms.keep_fraction
    rules = (
        ("margin_floor", floor is None or _is_share(floor), "The floor lies between 0 and 1."),
        ("keep_fraction", _is_share(keep), "The share that passes lies between 0 and 1."),
        (
            "slow_at",
            terms.slow_at.is_finite() and CALM_BELOW <= terms.slow_at <= 1,
            f"Slowing begins from {CALM_BELOW} to 1 of the day's cap: below that it ends.",
        ),
        (
            "downgrade_at",
            terms.downgrade_at.is_finite() and terms.slow_at <= terms.downgrade_at <= 1,
            "Cheaper models come after slowing, at 1 of the day's cap at the latest.",
        ),
    )
    return [FieldError(f"/{name}", text) for name, holds, text in rules if not holds]


def _is_share(value: Decimal) -> bool:
    return value.is_finite() and 0 < value < 1 and value == round(value, 4)


def _lock(scope: Scope) -> Scope:
    live = Scope.objects.select_for_update().filter(pk=scope.pk, retired_at__isnull=True)
    locked = live.first()
    if locked is None:
        raise NotThere(f"{scope.name} is no longer a scope of the policy.")
    return locked
