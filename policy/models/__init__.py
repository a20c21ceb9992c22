"""Everything policy keeps in the database."""

from policy.lifecycle import ScopeState
from policy.models.forced import ForcedBlock
from policy.models.guardrails import Cap, Scope, ScopeStep
from policy.models.guards import Guard, Probe
from policy.models.hierarchy import ModelTier, Tier
from policy.models.margins import MarginConflict, MarginEntry
from policy.models.overrides import Override
from policy.models.publication import PolicyRevision, Sidecar, SigningKey
from policy.models.requirements import QualityRequirement, Risk, WorkflowLabel
from policy.models.trip_tests import TripCall, TripSighting, TripTest

__all__ = [
    "Cap",
    "ForcedBlock",
    "Guard",
    "MarginConflict",
    "MarginEntry",
    "ModelTier",
    "Override",
    "PolicyRevision",
    "Probe",
    "QualityRequirement",
    "Risk",
    "Scope",
    "ScopeState",
    "ScopeStep",
    "Sidecar",
    "SigningKey",
    "Tier",
    "TripCall",
    "TripSighting",
    "TripTest",
    "WorkflowLabel",
]
