"""People, the accounts they sign in with, and the roles they hold."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class Role(models.TextChoices):
    """What a person may do; contract.md of the product names each right."""

    ADMIN = "admin", "Administrator"
    CFO = "cfo", "CFO"
    FINANCE = "finance", "FinOps analyst"
    GM = "gm", "General manager"
    ENGINEER = "engineer", "Engineer"
    AUDITOR = "auditor", "Auditor"


class Person(models.Model):
    """A human being: two accounts of one person never make four eyes."""

    name = models.CharField(max_length=120)
    email = models.EmailField(unique=True)
    # The first day on which she is not there any more.
    leaves_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """An account that signs in; it belongs to one person."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="users", null=True, blank=True
    )

    def __str__(self) -> str:
        return self.person.name if self.person else self.username


class Membership(models.Model):
    """A role of a user in a unit and all beneath it; without a unit, company-wide."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="memberships", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "unit"],
                nulls_distinct=False,
                name="membership_is_held_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.unit or 'the company'}"
