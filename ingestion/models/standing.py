"""Rows that stand until another takes their place: never two for one thing and day."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q

# No extension brings equality to an exclusion constraint, so what must be equal is made
# one number: two keys share it with a chance of one in 10**19.
KEY = "int8range(hashtextextended({}, 0), hashtextextended({}, 0), '[]')"


class Standing(models.Model):
    """What somebody says of some days, `ends_on` outside; a correction is another row."""

    starts_on = models.DateField()
    ends_on = models.DateField()
    source = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def stands_once(key: str, name: str) -> ExclusionConstraint:
    """Return the constraint that no two standing rows of one key speak of one day."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            (Func(template=KEY.format(key, key)), "&&"),
            (Func("starts_on", "ends_on", function="daterange"), "&&"),
        ],
        condition=Q(superseded_at__isnull=True),
    )


def days_in_order(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name=name)
