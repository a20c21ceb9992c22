"""Everything policy keeps in the database."""

from policy.lifecycle import ScopeState
from policy.models.guardrails import Cap, Scope, ScopeStep
from policy.models.hierarchy import ModelTier, Tier
from policy.models.publication import PolicyRevision, Sidecar, SigningKey
from policy.models.requirements import QualityRequirement, Risk, WorkflowLabel

__all__ = [
    "Cap",
    "ModelTier",
    "PolicyRevision",
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
