"""Which spend is whose: the allocation rules, as three versions taught them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from dashboard.demo.cast import Cast
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY
from ingestion.operations.rules import RuleDraft, current_drafts, publish_rules


class RulePlan(NamedTuple):
    name: str
    when: Mapping[str, str | list[str]]
    unit: str


FIRST = (
    RulePlan("Claims pipelines", {"workflow": "claims-*"}, "claims"),
    RulePlan("Fraud desk", {"key": "svc-fraud*"}, "fraud"),
    RulePlan("Underwriting desk", {"project": "uw-desk"}, "underwriting"),
    RulePlan("Payment robots", {"project": "ledger-bots"}, "payments"),
    RulePlan("Support desk", {"project": "support-desk"}, "support"),
    RulePlan("Campaigns", {"workflow": ["campaign-*", "brand-*"]}, "marketing"),
    RulePlan("Broker portal", {"project": "broker-portal"}, "sales"),
    RulePlan("Security operations", {"project": "soc"}, "security"),
    RulePlan("Contracts", {"workflow": "contract-*"}, "legal"),
)
SECOND = (
    RulePlan("Engineering by team tag", {"tag.team": "engineering"}, "engineering"),
    RulePlan("Data platform keys", {"key": "svc-data-*"}, "data-platform"),
    RulePlan("People portal", {"project": "people-portal"}, "hr"),
    RulePlan("Month-end close", {"key": "svc-finance-*"}, "finance-office"),
)
THIRD = (
    RulePlan("Claims workspace", {"workflow": "assistant", "tag.team": "claims"}, "claims"),
    RulePlan("Underwriting workspace", {"key": "ws-underwriting-*"}, "underwriting"),
    RulePlan("Support workspace", {"key": "ws-support-*"}, "support"),
    RulePlan("Marketing workspace", {"key": "ws-marketing-*"}, "marketing"),
    RulePlan("Legal workspace", {"key": "ws-legal-*"}, "legal"),
    RulePlan("Sales workspace", {"key": "ws-sales-*"}, "sales"),
    RulePlan("HR workspace", {"key": "ws-hr-*"}, "hr"),
    RulePlan(
        "Finance team",
        {"person": ["stephen.ward@*", "ines.duarte@*", "raj.malhotra@*"]},
        "finance-office",
    ),
)


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    versions = (
        (history.at(history.start - ONE_DAY * 3, "11:00"), FIRST, "First rules, from the keys"),
        (history.at(history.day_at(0.08), "14:10"), SECOND, "Technology and corporate functions"),
        (history.at(history.day_at(0.3), "16:25"), THIRD, "The workspaces of each unit"),
    )
    for at, plans, reason in versions:
        yield Scene(at, partial(_publish, cast, plans, reason))


def _publish(cast: Cast, plans: Iterable[RulePlan], reason: str, at: datetime) -> None:
    """Publish a version with the plans behind the rules that hold already."""
    new = [RuleDraft(plan.name, plan.when, cast.units[plan.unit].pk) for plan in plans]
    publish_rules(drafts=[*current_drafts(), *new], reason=reason, by=cast.users["finance"], at=at)
