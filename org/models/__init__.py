"""Everything org keeps in the database."""

from org.models.answers import StoredAnswer
from org.models.approvals import Approval
from org.models.audit import AuditEntry
from org.models.calendar import Company, FiscalCalendar, FiscalPeriod
from org.models.cash import CashPosition
from org.models.delegations import Delegation
from org.models.heartbeat import Heartbeat
from org.models.notices import (
    Delivered,
    Dispatch,
    Notice,
    NoticeChoice,
    NoticeKind,
    Webhook,
)
from org.models.people import Membership, Person, Role, User
from org.models.profile import CompanyProfile, ProfileOverride
from org.models.proofs import ProofRun
from org.models.signing import (
    ApprovalLimit,
    ApprovalLimits,
    ApprovalPart,
    ApprovalSignature,
)
from org.models.tokens import ApiToken
from org.models.units import CoreSpan, CostObject, Unit, UnitVersion

__all__ = [
    "ApiToken",
    "Approval",
    "ApprovalLimit",
    "ApprovalLimits",
    "ApprovalPart",
    "ApprovalSignature",
    "AuditEntry",
    "CashPosition",
    "Company",
    "CompanyProfile",
    "CoreSpan",
    "CostObject",
    "Delegation",
    "Delivered",
    "Dispatch",
    "FiscalCalendar",
    "FiscalPeriod",
    "Heartbeat",
    "Membership",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Person",
    "ProfileOverride",
    "ProofRun",
    "Role",
    "StoredAnswer",
    "Unit",
    "UnitVersion",
    "User",
    "Webhook",
]
