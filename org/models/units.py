"""The tree of business units with its history, and the cost objects units own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q

if TYPE_CHECKING:
    from org.models.people import User


class UnitQuerySet(models.QuerySet["Unit"]):
    def beneath(self, unit: Unit) -> UnitQuerySet:
        """Keep the unit itself and everything under it."""
        return self.filter(path__startswith=unit.path)

    def visible_to(self, user: User) -> UnitQuerySet:
        """Keep what the user may see: the whole company, or the units of her roles."""
        if not user.is_active:
            return self.none()
        memberships = list(user.memberships.select_related("unit"))
        if user.is_superuser or any(m.unit is None for m in memberships):
            return self
        own = Q(pk__in=[])
        for membership in memberships:
            if membership.unit is not None:
                own |= Q(path__startswith=membership.unit.path)
        return self.filter(own)


class Unit(models.Model):
    """A business unit.

    `path` lists the ids from the root, `1/4/9/`, so that everything beneath a unit is a
    prefix search.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="children", null=True, blank=True
    )
    path = models.CharField(max_length=200, db_index=True)
    owner = models.ForeignKey(
        "org.User", on_delete=models.SET_NULL, related_name="owned_units", null=True, blank=True
    )
    retired_on = models.DateField(null=True, blank=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                name="unit_is_not_its_own_parent",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        return self.path.count("/") - 1


class UnitVersion(models.Model):
    """What a unit was called and where it stood, from one day until the next version."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="versions")
    name = models.CharField(max_length=80)
    parent = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    owner = models.ForeignKey(
        "org.User", on_delete=models.SET_NULL, related_name="+", null=True, blank=True
    )
    starts_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    def __str__(self) -> str:
        return f"{self.name} from {self.starts_on}"


class CostObject(models.Model):
    """Something within a unit that spend is booked to, such as an initiative.

    What is booked to it is an experiment's, but on the days on which it runs in core.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="cost_objects")

    def __str__(self) -> str:
        return self.name


class CoreSpan(models.Model):
    """The reporting days on which a cost object runs in the core budget; without an end: on.

    Only the end is ever written later: what ran in core did.
    """

    cost_object = models.ForeignKey(CostObject, on_delete=models.PROTECT, related_name="core_spans")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="core_span_ends_after_it_starts",
            ),
            # No extension brings equality to an exclusion constraint: a range of one id does.
            ExclusionConstraint(
                name="core_spans_never_overlap",
                expressions=[
                    (Func(template="int8range(cost_object_id, cost_object_id + 1)"), "&&"),
                    (Func("starts_on", "ends_on", function="daterange"), "&&"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cost_object} in core from {self.starts_on}"
