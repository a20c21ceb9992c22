"""The shapes of what people do to breakers over REST."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from org.models import Approval
from org.queries.signing import missing_parts
from org.refusals import Invalid
from org.signing_wording import parts_in_words
from policy.models import Cap, ForcedBlock, Override, Scope, TripTest
from policy.models.guardrails import WhenStale
from policy.override_terms import OverrideTerms
from policy.queries.overrides import OVERRIDE

ACTIONS = ("approve", "reject", "withdraw", "revoke")
_ID = "cap:"


class TripIn(serializers.Serializer[Any]):
    """Why a scope is blocked; without a reason one is owed."""

    reason = serializers.CharField(required=False, allow_blank=True, default="")
    code = serializers.CharField(required=False, default="kill_switch", max_length=40)


class ReasonIn(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, default="")


class WhenStaleIn(serializers.Serializer[Any]):
    """What routers do once they have lost the server; `usd` is each router's in a bucket."""

    mode = serializers.ChoiceField(choices=WhenStale.values)
    usd = serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=Decimal(0), default=Decimal(0)
    )
    reason = serializers.CharField(allow_blank=True)


class ProtectedIn(serializers.Serializer[Any]):
    protected = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)


class BreakerOut(serializers.Serializer[Any]):
    """A scope as it stands after the call."""

    scope = serializers.CharField()
    state = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    protected = serializers.BooleanField()
    revision = serializers.IntegerField(allow_null=True, help_text="That carries it.")


class ForcedOut(BreakerOut):
    """The same with the forced block: `reason_owed` until somebody says why."""

    block = serializers.IntegerField()
    reason_owed = serializers.BooleanField()


class OverrideIn(serializers.Serializer[Any]):
    """A number for some hours in place of a hard cap's."""

    cap = serializers.RegexField(r"\Acap:[0-9]{1,18}\Z", help_text="As the policy names it.")
    limit_usd = serializers.DecimalField(max_digits=17, decimal_places=2)
    reason = serializers.CharField(help_text="20 characters or more.")
    ticket = serializers.CharField(max_length=120)
    expires_at = serializers.DateTimeField()

    def terms(self, scope: Scope) -> OverrideTerms:
        """Return the terms of input that is valid; raises Invalid for a cap of another scope."""
        given: dict[str, Any] = dict(self.validated_data)
        name = given["cap"]
        cap = Cap.objects.filter(scope=scope, pk=int(name.removeprefix(_ID))).first()
        if cap is None:
            raise Invalid.of("cap", f"{scope.name} has no cap {name}.")
        return OverrideTerms(**given | {"scope": scope, "cap": cap})


class CapOverrideOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    scope = serializers.CharField()
    cap = serializers.CharField()
    currency = serializers.CharField()
    cap_usd = serializers.CharField()
    limit_usd = serializers.CharField()
    beyond_usd = serializers.CharField(help_text="What may pass beyond the cap until it ends.")
    budget_usd = serializers.CharField(allow_null=True, help_text="Null: no cap says it.")
    reason = serializers.CharField()
    ticket = serializers.CharField()
    state = serializers.ChoiceField(choices=Override.State.choices)
    waits_for = serializers.CharField(help_text="Who has still to sign; empty where nobody.")
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)


class TripTestIn(serializers.Serializer[Any]):
    call_usd = serializers.DecimalField(
        max_digits=18,
        decimal_places=6,
        required=False,
        allow_null=True,
        default=None,
        help_text="What a call of the loop costs; a seventy-fifth of the cap where it is not said.",
    )


class SightingOut(serializers.Serializer[Any]):
    sidecar = serializers.CharField()
    revision = serializers.IntegerField()
    after_s = serializers.CharField()


class TripTestOut(serializers.Serializer[Any]):
    """A trip test; what it measures is null until it is done."""

    id = serializers.IntegerField()
    scope = serializers.CharField()
    state = serializers.ChoiceField(choices=TripTest.State.choices)
    cap = serializers.CharField()
    currency = serializers.CharField()
    cap_usd = serializers.CharField()
    call_usd = serializers.CharField()
    calls_per_second = serializers.CharField()
    stopped_usd = serializers.CharField(allow_null=True)
    overshoot_share = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField(allow_null=True)
    late_calls = serializers.IntegerField(allow_null=True)
    revision = serializers.IntegerField(allow_null=True)
    published_after_s = serializers.CharField(allow_null=True)
    kill_switch_after_s = serializers.CharField(allow_null=True)
    routers = serializers.IntegerField(allow_null=True)
    seen_after_s = serializers.CharField(allow_null=True)
    seen = SightingOut(many=True)
    failure = serializers.CharField()
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def scope_out(scope: Scope, *, revision: int | None) -> dict[str, Any]:
    return {
        "scope": scope.slug,
        "state": scope.state,
        "code": scope.reason_code,
        "reason": scope.reason_text,
        "since": scope.since,
        "until": scope.until,
        "protected": scope.protected,
        "revision": revision,
    }


def forced_out(forced: ForcedBlock, *, revision: int | None) -> dict[str, Any]:
    scope = Scope.objects.get(pk=forced.scope_id)
    told = {"block": forced.pk, "reason_owed": not forced.reason}
    return scope_out(scope, revision=revision) | told


def override_out(override: Override, *, currency: str) -> dict[str, Any]:
    approval = override.approval
    plain = ("reason", "ticket", "state", "requested_at", "expires_at", "started_at", "ended_at",
             "ended_by")  # fmt: skip
    return {name: getattr(override, name) for name in plain} | {
        "id": override.pk,
        "scope": override.scope.slug,
        "cap": override.cap.public_id,
        "currency": currency,
        "cap_usd": _text(override.cap_usd),
        "limit_usd": _text(override.limit_usd),
        "beyond_usd": _text(override.beyond_usd),
        "budget_usd": _text(override.budget_usd),
        "waits_for": waits_for(override),
        "requested_by": str(override.requested_by),
        "decided_by": approval.who_decided if approval else None,
    }


def waits_for(override: Override) -> str:
    """Say whose signatures are missing; nothing where it does not wait."""
    if override.state != Override.State.WAITING:
        return ""
    asked = Approval.objects.waiting().filter(kind=OVERRIDE, subject_id=override.pk).first()
    return parts_in_words(missing_parts(asked)) if asked else ""


def trip_test_out(test: TripTest, *, currency: str) -> dict[str, Any]:
    plain = ("state", "calls", "late_calls", "revision", "routers", "failure", "asked_at",
             "finished_at")  # fmt: skip
    amounts = ("cap_usd", "call_usd", "calls_per_second", "stopped_usd", "overshoot_share",
               "published_after_s", "seen_after_s")  # fmt: skip
    return (
        {name: getattr(test, name) for name in plain}
        | {name: _text(getattr(test, name)) for name in amounts}
        | {
            "id": test.pk,
            "scope": test.scope.slug,
            "cap": test.cap.public_id,
            "currency": currency,
            "kill_switch_after_s": _text(test.killed_after_s),
            "seen": [
                {"sidecar": each.sidecar, "revision": each.revision, "after_s": _text(each.after_s)}
                for each in test.sightings.all()
            ],
            "asked_by": str(test.asked_by),
        }
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
