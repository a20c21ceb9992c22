"""The approval limits in force, and how far the chain of a request has come."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from finops.signing import PRESETS, Limit, Part, missing, parts_of
from org.models import Approval, ApprovalLimits, ApprovalSignature, Role, User
from org.queries.deciders import DECIDING, deciders_of
from org.queries.profile import profile_on


class LimitsInForce(NamedTuple):
    """Who signs which amount; without a table what the company's profile presets."""

    table: ApprovalLimits | None
    limits: tuple[Limit, ...]

    @property
    def version(self) -> int:
        return self.table.number if self.table else 0

    @property
    def steps(self) -> list[tuple[Decimal, tuple[Part, ...]]]:
        """Return each amount from which on others sign, with who does."""
        amounts = sorted({limit.from_usd for limit in self.limits})
        return [(amount, parts_of(amount, self.limits)) for amount in amounts]


class PartStanding(NamedTuple):
    """A part of a chain: how many of a role sign, who has, who else may."""

    role: Role
    signers: int
    signed: list[ApprovalSignature]
    may_sign: list[User]

    @property
    def missing(self) -> int:
        return self.signers - len(self.signed)


def limits_on(day: date) -> LimitsInForce:
    """Return the approval limits in force, the profile's of the day where nobody set any."""
    table = ApprovalLimits.objects.select_related("recorded_by__person").order_by("number").last()
    if table is None:
        return LimitsInForce(None, PRESETS[profile_on(day).profile.override_deciders])
    rows = table.rows.order_by("from_usd", "pk")
    return LimitsInForce(table, tuple(Limit(row.from_usd, row.role, row.signers) for row in rows))


def tables_of_limits() -> QuerySet[ApprovalLimits]:
    """Return every table there was, the newest first."""
    found = ApprovalLimits.objects.prefetch_related("rows").select_related("recorded_by__person")
    return found.order_by("-number")


def standing_signatures(approval: Approval) -> list[ApprovalSignature]:
    """Return the signatures on the terms as they were signed last, oldest first."""
    found = approval.signatures.filter(void_at__isnull=True)
    return list(found.select_related("by__person", "given_by__person").order_by("pk"))


def chain_of(approval: Approval, *, at: datetime) -> list[PartStanding]:
    """Return how far the chain of a request has come; empty where one person decides."""
    signed = standing_signatures(approval)
    through = {each.person_id for each in signed} | {each.holder_id for each in signed}
    return [
        PartStanding(
            role=Role(part.role),
            signers=part.signers,
            signed=[each for each in signed if each.role == part.role],
            may_sign=[
                user
                for user in deciders_of(approval.unit, at=at, roles=[Role(part.role)])
                if user.person_id not in {*through, approval.requested_person_id}
            ],
        )
        for part in approval.parts.order_by("pk")
    ]


def missing_parts(approval: Approval) -> tuple[Part, ...]:
    """Return whose signatures are still missing; one CFO's where there is no chain."""
    parts = [Part(part.role, part.signers) for part in approval.parts.order_by("pk")]
    signed = [each.role for each in standing_signatures(approval)]
    return missing(parts or [Part(role, 1) for role in DECIDING], signed)


def signers_of(approval: Approval, *, at: datetime) -> list[User]:
    """Return everybody who may sign what is missing, those who signed already left out."""
    roles = roles_of(approval, approving=True)
    signed = {each.person_id for each in standing_signatures(approval)}
    people = deciders_of(approval.unit, at=at, roles=roles)
    return [user for user in people if user.person_id not in signed]


def roles_of(approval: Approval, *, approving: bool) -> tuple[Role, ...]:
    """Return who may say yes now, or no: every role of the chain may end it."""
    if approving:
        return tuple(Role(part.role) for part in missing_parts(approval))
    roles = tuple(Role(role) for role in approval.parts.values_list("role", flat=True))
    return roles or DECIDING
