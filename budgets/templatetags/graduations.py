"""Template tags of graduations: whether there is one to look at, and amounts with their sign."""

from decimal import Decimal

from django.template import Library

from budgets.models import Initiative
from budgets.queries.decision_record import may_show_graduation
from org.templatetags.figures import usd

register = Library()


@register.simple_tag
def graduates(initiative: Initiative) -> bool:
    """Test whether an initiative has graduated, or has evidence for it."""
    return may_show_graduation(initiative)


@register.filter
def plus_usd(amount: Decimal) -> str:
    """Write what a side of a journal gains with a plus, what it gives with a minus."""
    return f"+{usd(amount)}" if amount > 0 else usd(amount)


@register.filter
def lower_first(text: str) -> str:
    """Let a label go on within a sentence."""
    return text[:1].lower() + text[1:]
