"""The shapes of the REST calls about leases."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from policy.models import Lease

_MONEY: dict[str, Any] = {"max_digits": 24, "decimal_places": 12}


class LeaseIn(serializers.Serializer[Any]):
    """What is asked for, whatever it is a lease of; the prefix of `cap` tells."""

    sidecar = serializers.CharField(max_length=80)
    cap = serializers.CharField(max_length=80, help_text="As the policy names it: `cap:17`.")


class MoneyLeaseIn(LeaseIn):
    """Dollars of a hard cap, and of every hard cap above it."""

    usd = serializers.DecimalField(**_MONEY, help_text="At most so much; less may be granted.")
    least_usd = serializers.DecimalField(
        **_MONEY,
        default=Decimal(0),
        help_text="With less the call at hand cannot be made: then 409 rather than less.",
    )


class MoneyLeaseOut(serializers.Serializer[Any]):
    """A lease, and what may still be leased under the tightest cap after it."""

    lease = serializers.CharField()
    cap = serializers.CharField()
    granted_usd = serializers.CharField()
    remaining_usd = serializers.CharField()
    expires_at = serializers.DateTimeField()
    epoch = serializers.IntegerField()


class ProbeLeaseIn(LeaseIn):
    """Calls set apart for the test of a half-open scope."""

    calls = serializers.IntegerField(min_value=1, max_value=10_000)


class ProbeLeaseOut(serializers.Serializer[Any]):
    """Calls that this router may make of a test, until it is over."""

    lease = serializers.CharField()
    cap = serializers.CharField()
    granted_calls = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    epoch = serializers.IntegerField()


class QuotaLeaseIn(LeaseIn):
    """A block of a quota, for one subject where it is each one's own."""

    subject = serializers.CharField(max_length=160, allow_blank=True, default="")
    amount = serializers.DecimalField(**_MONEY, help_text="In the unit of the quota's metric.")


class QuotaLeaseOut(serializers.Serializer[Any]):
    """A block that this router may use alone, and what the subject has left after it."""

    lease = serializers.CharField()
    cap = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    granted = serializers.CharField()
    remaining = serializers.CharField()
    expires_at = serializers.DateTimeField()
    epoch = serializers.IntegerField()


class QuotaSettlementIn(serializers.Serializer[Any]):
    """A router's word on a block of a quota: cumulative, and safe to send again."""

    sequence = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    used = serializers.DecimalField(**_MONEY, min_value=Decimal(0))
    final = serializers.BooleanField(default=False)


class QuotaSettlementOut(serializers.Serializer[Any]):
    """What is counted on a block now."""

    lease = serializers.CharField()
    granted = serializers.CharField()
    used = serializers.CharField()
    final = serializers.BooleanField()
    expires_at = serializers.DateTimeField()


class SettlementIn(serializers.Serializer[Any]):
    """A router's word on a lease: cumulative, and safe to send again."""

    sequence = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="Rises with every word; older ones are passed."
    )
    used_usd = serializers.DecimalField(**_MONEY)
    final = serializers.BooleanField(default=False, help_text="Nothing more will be spent of it.")


class SettlementOut(serializers.Serializer[Any]):
    """What is counted on a lease now."""

    lease = serializers.CharField()
    granted_usd = serializers.CharField()
    used_usd = serializers.CharField()
    metered_usd = serializers.CharField()
    held_usd = serializers.CharField()
    final = serializers.BooleanField()
    expires_at = serializers.DateTimeField()


class WriteOffIn(serializers.Serializer[Any]):
    """How it is known that what the lease still holds was not spent."""

    reason = serializers.CharField(max_length=1000)


class LeaseOut(SettlementOut):
    """A lease as people read it."""

    sidecar = serializers.CharField()
    scope = serializers.CharField()
    cap = serializers.CharField()
    unmetered_usd = serializers.CharField(help_text="Seen in usage that another source counts.")
    sequence = serializers.IntegerField()
    granted_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    written_off_at = serializers.DateTimeField(allow_null=True)
    written_off_reason = serializers.CharField(allow_blank=True)


def settlement(lease: Lease) -> dict[str, Any]:
    return {
        "lease": lease.public_id,
        "granted_usd": f"{lease.granted_usd:f}",
        "used_usd": f"{lease.used_usd:f}",
        "metered_usd": f"{lease.metered_usd:f}",
        "held_usd": f"{lease.held_usd:f}",
        "final": lease.is_final,
        "expires_at": lease.expires_at,
    }


def in_full(lease: Lease) -> dict[str, Any]:
    plain = ("sidecar", "sequence", "granted_at", "settled_at")
    off = ("written_off_at", "written_off_reason")
    return settlement(lease) | {
        **{name: getattr(lease, name) for name in (*plain, *off)},
        "scope": lease.scope.slug,
        "cap": lease.cap.public_id,
        "unmetered_usd": f"{lease.unmetered_usd:f}",
    }
