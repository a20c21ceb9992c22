"""Finding people by what they may do."""

from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import F
from django.db.models.lookups import StartsWith

from org.models import Membership, Role, Unit, User


def holders_of(*roles: Role, unit: Unit) -> QuerySet[User]:
    """Return the active people who hold one of the roles for a unit, by name."""
    over = Q(unit__isnull=True) | Q(StartsWith(Value(unit.path), F("unit__path")))
    held = Membership.objects.filter(over, role__in=roles)
    people = User.objects.filter(is_active=True, person__isnull=False, memberships__in=held)
    return people.distinct().select_related("person").order_by("person__name", "pk")


def company_holders_of(*roles: Role) -> QuerySet[User]:
    """Return the active people who hold one of the roles for the whole company, by name."""
    held = Membership.objects.filter(unit__isnull=True, role__in=roles)
    people = User.objects.filter(is_active=True, person__isnull=False, memberships__in=held)
    return people.distinct().select_related("person").order_by("person__name", "pk")
