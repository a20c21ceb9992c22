"""Template filters for work in core."""

from decimal import Decimal

from django.template import Library

from budgets.core_sentences import change_in_words
from budgets.lifecycle import IN_CORE, InitiativeState
from budgets.models import Gate, Initiative

register = Library()

AFTER = (InitiativeState.GRADUATING, *IN_CORE, InitiativeState.DEMOTED)
ENDED = (InitiativeState.STOPPED, InitiativeState.EXPIRED)


@register.filter
def has_graduated(initiative: Initiative) -> bool:
    """Test whether it was ever signed into core: then it has a page for that."""
    if initiative.state in AFTER:
        return True
    return initiative.state in ENDED and initiative.graduations.exists()


@register.filter
def dearer(share: Decimal | None) -> str:
    """Write by how much a result is dearer than over the baseline: +31.0%."""
    return change_in_words(share)


@register.filter
def is_overdue(gate: Gate, overdue: list[Gate]) -> bool:
    return gate in overdue
