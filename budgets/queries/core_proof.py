"""Proof of the core: what rests on graduations is what journals and revisions moved."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import Min, Sum

from budgets.models import Account, BudgetRevision, CoreGrant, Journal, Posting
from org.templatetags.figures import usd

ZERO = Decimal(0)
# The approval of a graduation, and the moment at which something moved by it.
Moved = tuple[int, datetime]
KINDS = (Journal.Kind.GRADUATION, Journal.Kind.TRUE_UP, Journal.Kind.DEMOTION)


def core_is_what_was_moved() -> str | None:
    """Return the first grant of core that no journal or revision moved, or that is overdrawn."""
    return _unlike_journals() or _unlike_revisions() or _overdrawn()


def _unlike_journals() -> str | None:
    posted = Posting.objects.filter(journal__kind__in=KINDS, account__kind=Account.Kind.CORE)
    by_posting = _by_unit(
        posted.order_by().values_list("journal", "account__unit").annotate(Sum("amount_usd"))
    )
    by_grant = _by_unit(
        CoreGrant.objects.order_by().values_list("journal", "part__unit").annotate(Sum("usd"))
    )
    for key in sorted(by_posting.keys() | by_grant.keys()):
        moved, held = by_posting.get(key, ZERO), by_grant.get(key, ZERO)
        if moved != held:
            return f"Journal {key[0]} moved {usd(moved)} of core, and {usd(held)} is held by it."
    return None


def _by_unit(rows: Iterable[tuple[int, int, Decimal]]) -> dict[tuple[int, int], Decimal]:
    return {(journal, unit): amount for journal, unit, amount in rows}


def _unlike_revisions() -> str | None:
    """Compare each budget's revisions of one moment with the grants that lie in it."""
    grants = CoreGrant.objects.order_by().values_list(
        "part__graduation__approval", "at", "part__unit__path", "part__graduation__fiscal_year"
    )
    held: dict[tuple[int, object], list[tuple[str, Decimal]]] = defaultdict(list)
    for approval, at, path, _, amount in grants.annotate(Sum("usd")):
        held[approval, at].append((path, amount))
    revised: dict[tuple[int, object], dict[str, Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    rows = BudgetRevision.objects.filter(kind=BudgetRevision.Kind.CORE)
    for each in rows.select_related("budget__unit"):
        revised[each.approval_id, each.at][each.budget.unit.path] += each.core_difference_usd
    return next((fault for key in held if (fault := _fault(held[key], revised[key]))), None)


def _fault(grants: Iterable[tuple[str, Decimal]], revised: dict[str, Decimal]) -> str | None:
    grants = list(grants)
    paths = revised.keys() | {path for path, amount in grants if amount}
    for path in sorted(paths):
        beneath = sum((amount for each, amount in grants if each.startswith(path)), ZERO)
        if revised.get(path, ZERO) != beneath:
            return (
                f"The budget of unit {path} was revised by {usd(revised.get(path, ZERO))}, and"
                f" {usd(beneath)} of core moved within it."
            )
    return None


def _overdrawn() -> str | None:
    nets = (
        CoreGrant.objects.order_by()
        .values("part", "ends_on")
        .annotate(net_usd=Sum("usd"), first=Min("starts_on"))
        .filter(net_usd__lt=0)
        .order_by("part", "ends_on")
        .first()
    )
    return (
        nets and f"Core part {nets['part']} holds {usd(nets['net_usd'])} from {nets['first']} on."
    )
