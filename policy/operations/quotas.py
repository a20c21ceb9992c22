"""Setting quotas: one line of policy for everybody it is a template for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from finops.money import to_cents
from finops.quotas import LENGTHS, Metric, Window
from org import audit
from org.models import Unit, User
from org.refusals import FieldError, Invalid, NotAllowed, NotThere
from policy.models import Quota, QuotaTerms, Scope
from policy.operations.publish import publish
from policy.operations.unit_scopes import ensure_company_scope, ensure_unit_scope
from policy.permissions import can_set_quota
from policy.queries.content import ORG
from policy.quota_wording import quota_in_words

THRESHOLDS = (50, 80, 100)
MOST_EXEMPT = 200
LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaDraft:
    """What a quota counts, for whom, and what it gives. Amounts are in the metric's unit."""

    scope: str
    metric: str
    window: str
    limit: Decimal
    per: str = ""
    mode: str = Quota.Mode.HARD
    burst: Decimal = Decimal(0)
    carry_over_pct: int = 0
    thresholds: Sequence[int] = THRESHOLDS
    exempt: Sequence[str] = ()
    is_prorated: bool = False

    @property
    def words(self) -> str:
        return quota_in_words(self.limit, self.metric, self.window, self.per)


@transaction.atomic
def put_quota(*, draft: QuotaDraft, reason: str, by: User, at: datetime) -> Quota:
    """Set a quota, or other terms of the one that counts the same for the same, and publish.

    Terms hold at once, in the middle of a window too; what was used of it stays used.
    Raises NotAllowed, or Invalid with a sentence per field.
    """
    errors = errors_of(draft)
    if not reason.strip():
        errors.append(FieldError("/reason", "Say what the quota is for: whom it stops will ask."))
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    detail = {**asdict(draft), "reason": reason.strip()}
    audit.record(actor=by, action="policy.quota_set", subject=draft.scope, at=at, detail=detail)
    scope = _scope_of(draft.scope, at=at)
    if not can_set_quota(by, scope=scope):
        raise NotAllowed(
            f"Quotas of {scope.name} are set by its general manager or engineer, a FinOps analyst"
            " or a CFO."
        )
    quota = _identified(draft, scope, at=at)
    QuotaTerms.objects.create(
        quota=quota, reason=reason.strip(), by=by, recorded_at=at, **_terms_of(draft)
    )
    publish(cause=f"{scope.name}: {draft.words}.", by=by, at=at)
    return quota


@transaction.atomic
def retire_quota(*, quota_id: int, reason: str, by: User, at: datetime) -> Quota:
    """Take a quota out of the policy; what it was and what was used of it stays readable."""
    quota = Quota.objects.select_related("scope__unit", "scope__cost_object__unit").get(pk=quota_id)
    if not can_set_quota(by, scope=quota.scope):
        raise NotAllowed(f"You may not lift quotas of {quota.scope.name}.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why the quota is lifted: an auditor will read it.")
    detail = {"quota": quota.public_id, "reason": reason.strip()}
    audit.record(
        actor=by, action="policy.quota_lifted", subject=quota.scope.slug, at=at, detail=detail
    )
    if not Quota.objects.filter(pk=quota_id, retired_at__isnull=True).update(retired_at=at):
        raise NotThere(f"This quota of {quota.scope.name} was lifted already.")
    quota.refresh_from_db()
    publish(cause=f"{quota.scope.name}: a quota was lifted. {reason.strip()}", by=by, at=at)
    return quota


def _identified(draft: QuotaDraft, scope: Scope, *, at: datetime) -> Quota:
    # Two who set the same at once: the lock makes the second find what the first one made.
    Scope.objects.select_for_update().get(pk=scope.pk)
    quota, _ = Quota.objects.get_or_create(
        scope=scope,
        metric=draft.metric,
        window=draft.window,
        per=draft.per,
        retired_at=None,
        defaults={"set_at": at},
    )
    return quota


def _terms_of(draft: QuotaDraft) -> dict[str, object]:
    return {
        "limit": draft.limit,
        "burst": draft.burst,
        "carry_over_pct": draft.carry_over_pct,
        "mode": draft.mode,
        "thresholds": sorted(draft.thresholds),
        "exempt": [name.strip() for name in draft.exempt],
        "is_prorated": draft.is_prorated,
    }


def errors_of(draft: QuotaDraft) -> list[FieldError]:
    """Say everything that is wrong with a draft, by field."""
    known = {
        "metric": (draft.metric, Quota.Metric.values),
        "window": (draft.window, Quota.Window.values),
        "per": (draft.per, Quota.Per.values),
        "mode": (draft.mode, Quota.Mode.values),
    }
    errors = [
        FieldError(f"/{name}", f"{given!r} is not one of {', '.join(filter(None, values))}.")
        for name, (given, values) in known.items()
        if given not in values
    ]
    if errors:
        return errors
    errors = _amount_errors("limit", draft.limit, draft.metric, least=1)
    errors += _amount_errors("burst", draft.burst, draft.metric, least=0)
    return errors + _window_errors(draft) + _list_errors(draft)


def _amount_errors(name: str, amount: Decimal, metric: str, *, least: int) -> list[FieldError]:
    if not amount.is_finite() or not 0 <= amount < LARGEST or (least and amount == 0):
        told = "more than zero" if least else "zero or more"
        return [FieldError(f"/{name}", f"The {name} is {told}, not {amount}.")]
    if metric == Metric.USD and to_cents(amount) != amount:
        return [FieldError(f"/{name}", f"Dollars are given in whole cents, not {amount}.")]
    if metric != Metric.USD and amount != amount.to_integral_value():
        return [FieldError(f"/{name}", f"A {name} of {metric} is a whole number, not {amount}.")]
    return []


def _window_errors(draft: QuotaDraft) -> list[FieldError]:
    errors = []
    if not 0 <= draft.carry_over_pct <= 100:  # noqa: PLR2004 -- per cent
        told = f"From 0 to 100 per cent is carried over, not {draft.carry_over_pct}."
        errors.append(FieldError("/carry_over_pct", told))
    if Window(draft.window) in LENGTHS:
        rolls = "A window that rolls has no next one: nothing is {} it."
        if draft.carry_over_pct:
            errors.append(FieldError("/carry_over_pct", rolls.format("carried into")))
        if draft.burst:
            errors.append(FieldError("/burst", rolls.format("borrowed from")))
        if draft.is_prorated:
            told = "Only a day, a week or a month can be prorated."
            errors.append(FieldError("/is_prorated", told))
    if draft.is_prorated and draft.per != Quota.Per.PERSON:
        errors.append(FieldError("/is_prorated", "Only a quota of each person is prorated."))
    return errors


def _list_errors(draft: QuotaDraft) -> list[FieldError]:
    errors = []
    levels = list(draft.thresholds)
    if len(set(levels)) != len(levels) or not all(1 <= level <= 100 for level in levels):  # noqa: PLR2004 -- per cent
        told = "Thresholds are different per cents from 1 to 100, such as 50, 80 and 100."
        errors.append(FieldError("/thresholds", told))
    names = [name.strip() for name in draft.exempt]
    if names and not draft.per:
        told = "Nobody is exempt from what all share: say for each what it is."
        errors.append(FieldError("/exempt", told))
    if not all(0 < len(name) <= 160 for name in names):  # noqa: PLR2004 -- the column's width
        errors.append(FieldError("/exempt", "Each name has from 1 to 160 letters."))
    if len(names) > MOST_EXEMPT:
        told = f"At most {MOST_EXEMPT} are exempt: set the quota on a scope without them."
        errors.append(FieldError("/exempt", told))
    return errors


def _scope_of(slug: str, *, at: datetime) -> Scope:
    """Return the live scope of a slug, made where a unit has none; Invalid where nothing is."""
    standing = Scope.objects.filter(slug=slug, retired_at__isnull=True).first()
    if standing is not None:
        return standing
    if slug == ORG:
        return ensure_company_scope(at=at)
    kind, _, name = slug.partition(":")
    unit = Unit.objects.filter(slug=name, retired_on=None).first() if kind == "unit" else None
    if unit is None:
        raise Invalid.of("scope", f"There is no scope {slug}: name org, a unit or an experiment.")
    return ensure_unit_scope(unit=unit, at=at)
