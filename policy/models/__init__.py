"""Everything policy keeps in the database."""

from policy.lifecycle import ScopeState
from policy.models.guardrails import Cap, Scope, ScopeStep
from policy.models.guards import Guard, Probe
from policy.models.hierarchy import ModelTier, Tier
from policy.models.margins import MarginConflict, MarginEntry
from policy.models.publication import PolicyRevision, Sidecar, SigningKey
from policy.models.requirements import QualityRequirement, Risk, WorkflowLabel

__all__ = [
    "Cap",
    "Guard",
    "MarginConflict",
    "MarginEntry",
    "ModelTier",
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
    "WorkflowLabel",
]
