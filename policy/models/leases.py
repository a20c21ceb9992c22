"""Leases: money of hard caps that routers hold before their calls are made."""

import secrets
from decimal import Decimal

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest

from policy.models.guardrails import Cap, Scope

_PUBLIC_ID_BYTES = 18
MONEY_PREFIX = "lease_"


def new_public_id() -> str:
    """Return an id that nobody can guess: whoever knows it may settle the lease."""
    return f"{MONEY_PREFIX}{secrets.token_urlsafe(_PUBLIC_ID_BYTES)}"


def _money() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=28, decimal_places=12, default=0)


class Lease(models.Model):
    """Dollars debited from every hard cap of a scope and of the scopes above it.

    `used_usd` is the router's word, `metered_usd` what its usage records came to, and
    `unmetered_usd` what they came to where another source of usage counts. The database
    works out `held_usd`: what the lease still keeps from others. `finops.leases.held_usd`
    says the same in Python.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_public_id)
    sidecar = models.CharField(max_length=80)
    taken_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="leases")
    cap = models.ForeignKey(Cap, on_delete=models.PROTECT, related_name="leases")
    epoch = models.PositiveIntegerField()
    granted_usd = _money()
    used_usd = _money()
    metered_usd = _money()
    unmetered_usd = _money()
    sequence = models.BigIntegerField(default=0)
    is_final = models.BooleanField(default=False)
    granted_on = models.DateField()  # the company's day, which windows of caps are made of
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    written_off_at = models.DateTimeField(null=True, blank=True)
    written_off_by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    written_off_reason = models.TextField(blank=True)
    written_off_usd = _money()
    held_usd = models.GeneratedField(
        expression=Greatest(
            Value(0),
            Case(
                When(Q(is_final=True) | Q(written_off_at__isnull=False), then=F("used_usd")),
                default=Greatest(F("granted_usd"), F("used_usd")),
            )
            - F("metered_usd")
            - F("written_off_usd"),
        ),
        output_field=models.DecimalField(max_digits=28, decimal_places=12),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(granted_usd__gt=0), name="lease_grants_something"),
            models.CheckConstraint(
                condition=Q(
                    used_usd__gte=0,
                    metered_usd__gte=0,
                    unmetered_usd__gte=0,
                    written_off_usd__gte=0,
                    sequence__gte=0,
                ),
                name="lease_counts_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("granted_at")), name="lease_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(
                    written_off_at__isnull=True,
                    written_off_by__isnull=True,
                    written_off_reason="",
                    written_off_usd=0,
                )
                | (Q(written_off_at__isnull=False) & ~Q(written_off_reason="")),
                name="lease_written_off_says_why",
            ),
            models.CheckConstraint(
                condition=Q(is_final=False) | Q(settled_at__isnull=False),
                name="lease_is_final_by_a_settlement",
            ),
        ]
        indexes = [
            # Sums over what is held look at few leases, however many were ever granted.
            models.Index(
                fields=["granted_on", "scope"],
                name="lease_that_holds_money",
                condition=Q(held_usd__gt=0),
            ),
            models.Index(fields=["granted_on", "scope"], name="lease_of_day_and_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.granted_usd:f} to {self.sidecar}"


class StrayUse(models.Model):
    """Usage of a day that named a lease which is not there, or not the sender's.

    It counts as spent like any other; only nothing was released for it.
    """

    class Kind(models.TextChoices):
        UNKNOWN = "unknown", "no such lease"
        FOREIGN = "foreign", "somebody else's lease"

    on = models.DateField()
    sender = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    example = models.CharField(max_length=160)
    calls = models.BigIntegerField()
    usd = _money()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["on", "sender", "kind"], name="stray_use_is_summed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.on}: {self.get_kind_display()} {self.example}"
