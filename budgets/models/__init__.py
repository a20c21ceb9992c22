"""Everything budgets keeps in the database."""

from budgets.models.baseline_notes import BaselineNote
from budgets.models.budgets import Budget, BudgetStep
from budgets.models.core import CoreReview, Probation, TrueUp
from budgets.models.flex import FlexRule, FlexStep
from budgets.models.fund import FundPlan
from budgets.models.gates import Gate, GateEvidence, GateSignature, GateStep
from budgets.models.graduations import CoreGrant, CorePart, Graduation
from budgets.models.held import HeldDecision
from budgets.models.initiatives import Initiative, InitiativeStep
from budgets.models.ledger import Account, Journal, Posting
from budgets.models.openings import OpeningBalance
from budgets.models.revisions import BudgetRevision
from budgets.models.thresholds import Threshold, ThresholdCrossing, ThresholdTable
from budgets.models.waivers import Waiver

__all__ = [
    "Account",
    "BaselineNote",
    "Budget",
    "BudgetRevision",
    "BudgetStep",
    "CoreGrant",
    "CorePart",
    "CoreReview",
    "FlexRule",
    "FlexStep",
    "FundPlan",
    "Gate",
    "GateEvidence",
    "GateSignature",
    "GateStep",
    "Graduation",
    "HeldDecision",
    "Initiative",
    "InitiativeStep",
    "Journal",
    "OpeningBalance",
    "Posting",
    "Probation",
    "Threshold",
    "ThresholdCrossing",
    "ThresholdTable",
    "TrueUp",
    "Waiver",
]
