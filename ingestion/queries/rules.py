"""The allocation rules in force, and what they say of a slice."""

from collections.abc import Mapping

from django.db.models import Max

from finops.allocation import DatedRule
from ingestion.models import Rule, RuleBook, Slice

# What a rule can ask for, beside tags written `tag.NAME`.
RULE_ATTRIBUTES = (
    "source",
    "provider",
    "account",
    "model",
    "key",
    "person",
    "project",
    "workflow",
    "task_type",
    "environment",
)


def book_in_force() -> RuleBook | None:
    return RuleBook.objects.order_by("-number").first()


def book_number() -> int:
    """Return the number of the rule book in force; 0 before the first is published."""
    return RuleBook.objects.aggregate(last=Max("number"))["last"] or 0


def rules_in_force() -> list[Rule]:
    """Return the rules of the newest book in the order they are tried."""
    return list(
        Rule.objects.filter(book__number=book_number())
        .select_related("unit", "cost_object")
        .order_by("position")
    )


def dated_rules(rules: list[Rule]) -> list[DatedRule[Rule]]:
    return [
        DatedRule(rule.pk, rule.position, rule.when, rule, rule.starts_on, rule.ends_on)
        for rule in rules
    ]


def attributes_of(piece: Slice) -> Mapping[str, str]:
    """Return what rules see of a slice."""
    plain = {name: getattr(piece, name) for name in RULE_ATTRIBUTES}
    return plain | tag_attributes(piece.tags)


def tag_attributes(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"tag.{name}": value for name, value in tags.items()}
