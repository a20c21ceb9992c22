"""Everything policy keeps in the database."""

from policy.lifecycle import ScopeState
from policy.models.forced import ForcedBlock
from policy.models.guardrails import Cap, Scope, ScopeStep
from policy.models.guards import Guard, Probe
from policy.models.hierarchy import ModelTier, Tier
from policy.models.leases import Lease, StrayUse
from policy.models.margins import MarginConflict, MarginEntry
from policy.models.overrides import Override
from policy.models.publication import PolicyRevision, Sidecar, SidecarDocument, SigningKey
from policy.models.quota_leases import QuotaLease, QuotaUse
from policy.models.quotas import Quota, QuotaRaise, QuotaTerms
from policy.models.requirements import QualityRequirement, Risk, WorkflowLabel
from policy.models.routes import Route
from policy.models.trip_tests import TripCall, TripSighting, TripTest

__all__ = [
    "Cap",
    "ForcedBlock",
    "Guard",
    "Lease",
    "MarginConflict",
    "MarginEntry",
    "ModelTier",
    "Override",
    "PolicyRevision",
    "Probe",
    "QualityRequirement",
    "Quota",
    "QuotaLease",
    "QuotaRaise",
    "QuotaTerms",
    "QuotaUse",
    "Risk",
    "Route",
    "Scope",
    "ScopeState",
    "ScopeStep",
    "Sidecar",
    "SidecarDocument",
    "SigningKey",
    "StrayUse",
    "Tier",
    "TripCall",
    "TripSighting",
    "TripTest",
    "WorkflowLabel",
]
