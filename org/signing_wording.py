"""Chains of signatures and approval limits, said in words."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.signing import Part
from org.models import Role
from org.queries.signing import LimitsInForce
from org.templatetags.figures import usd


def parts_in_words(parts: Iterable[Part]) -> str:
    """Say who signs: “2 CFOs and 1 FinOps analyst”."""
    return listed([f"{part.signers} {_role(part)}" for part in parts])


def limits_in_words(found: LimitsInForce) -> str:
    """Say who signs which amounts."""
    (_, first), *rest = found.steps
    said = [f"{parts_in_words(first)} {_verb(first)}"]
    said += [f"from {usd(amount)} on {parts_in_words(parts)}" for amount, parts in rest]
    return f"{'; '.join(said)}. Nobody signs what the same person asked for, nor twice."


def chain_ahead(found: LimitsInForce, amount_usd: Decimal) -> str:
    """Say who signs an amount that is to be asked for."""
    parts = next(parts for amount, parts in reversed(found.steps) if amount <= amount_usd)
    return f"{usd(amount_usd)}: {parts_in_words(parts)} {_verb(parts)}, none of them who asks."


def roles_in_words(roles: Sequence[Role]) -> str:
    """Say which roles: “CFO or FinOps analyst”."""
    return " or ".join(str(role.label) for role in dict.fromkeys(roles))


def listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _verb(parts: Sequence[Part]) -> str:
    return "signs" if sum(part.signers for part in parts) == 1 else "sign"


def _role(part: Part) -> str:
    label = str(Role(part.role).label)
    return label if part.signers == 1 else f"{label}s"
