"""Outcome definitions and the terms that hold for them."""

from django.db.models import F, QuerySet

from ingestion.models import OutcomeDefinition, OutcomeTerms
from org.models import User


def terms_in_force(user: User | None = None) -> QuerySet[OutcomeTerms]:
    """Return the newest terms of each definition, of those that the user may see."""
    newest = OutcomeTerms.objects.filter(number=F("definition__version"))
    if user is not None:
        newest = newest.filter(definition__in=OutcomeDefinition.objects.visible_to(user))
    return newest.select_related("definition__unit", "owner__person").order_by("name", "pk")


def terms_of(definition: OutcomeDefinition) -> OutcomeTerms:
    """Return the terms that hold for a definition now."""
    return terms_in_force().get(definition=definition)


def versions_of(definition: OutcomeDefinition) -> QuerySet[OutcomeTerms]:
    """Return every version of a definition, the newest first."""
    people = ("owner__person", "recorded_by__person")
    return definition.versions.select_related(*people).order_by("-number")


def definition_covering(workflow: str) -> OutcomeTerms | None:
    """Return the terms of the one definition that counts a workflow."""
    return terms_in_force().filter(workflows__contains=[workflow]).first()


def products() -> list[str]:
    """Return the products that definitions name."""
    named = terms_in_force().exclude(product="").order_by("product")
    return list(named.values_list("product", flat=True).distinct())
