"""Everything ingestion keeps in the database."""

from ingestion.models.allocation import Assignment, Rule, RuleBook
from ingestion.models.column_maps import ColumnMap
from ingestion.models.connectors import Connector, Pull, PulledFile
from ingestion.models.delivery import Chunk, Delivery, Doubt, Reject
from ingestion.models.evaluations import Evaluation
from ingestion.models.metrics import Headcount, OtherCogs, Revenue
from ingestion.models.minutes import MinuteUse, MinuteWatch
from ingestion.models.outbox import SpendChange
from ingestion.models.outcomes import (
    MonthlyCount,
    Outcome,
    OutcomeConflict,
    OutcomeDefinition,
    OutcomeTerms,
    Result,
)
from ingestion.models.prices import PriceChange, PriceRow, PriceTerm
from ingestion.models.reports import ReportBucket, ReportLine
from ingestion.models.usage import (
    Adjustment,
    Conflict,
    CostStatus,
    Event,
    MeteringSource,
    Slice,
    SliceDay,
    UnitDay,
)

__all__ = [
    "Adjustment",
    "Assignment",
    "Chunk",
    "ColumnMap",
    "Conflict",
    "Connector",
    "CostStatus",
    "Delivery",
    "Doubt",
    "Evaluation",
    "Event",
    "Headcount",
    "MeteringSource",
    "MinuteUse",
    "MinuteWatch",
    "MonthlyCount",
    "OtherCogs",
    "Outcome",
    "OutcomeConflict",
    "OutcomeDefinition",
    "OutcomeTerms",
    "PriceChange",
    "PriceRow",
    "PriceTerm",
    "Pull",
    "PulledFile",
    "Reject",
    "ReportBucket",
    "ReportLine",
    "Result",
    "Revenue",
    "Rule",
    "RuleBook",
    "Slice",
    "SliceDay",
    "SpendChange",
    "UnitDay",
]
