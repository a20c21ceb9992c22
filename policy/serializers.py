"""The shapes of policy's REST calls."""

import base64
import json
import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from finops.breaker_states import LOOP
from ingestion.serializers import RejectedSerializer
from policy import keys
from policy.models import PolicyRevision, SigningKey
from policy.queries.revisions import changes_of

MOST_DETAILS = 12
DETAIL_NAME = re.compile(r"[a-z_]{1,40}")


class KeySerializer(serializers.ModelSerializer[SigningKey]):
    """A public key, raw bytes in base64."""

    id = serializers.CharField(source="key_id")
    algorithm = serializers.SerializerMethodField()
    public_key = serializers.SerializerMethodField()

    class Meta:
        model = SigningKey
        fields = ["id", "algorithm", "public_key", "not_before", "not_after"]

    def get_algorithm(self, key: SigningKey) -> str:  # noqa: ARG002 -- the framework's signature
        return keys.ALGORITHM

    def get_public_key(self, key: SigningKey) -> str:
        return base64.b64encode(bytes(key.public_key)).decode()


class KeyListSerializer(serializers.Serializer[Any]):
    results = KeySerializer(many=True)
    next = serializers.URLField(allow_null=True)


class RevisionSerializer(serializers.ModelSerializer[PolicyRevision]):
    """A revision without its document."""

    revision = serializers.IntegerField(source="number")
    author = serializers.SerializerMethodField()
    key = serializers.CharField(source="key.key_id")

    class Meta:
        model = PolicyRevision
        fields = ["revision", "issued_at", "cause", "author", "etag", "key"]

    def get_author(self, revision: PolicyRevision) -> str | None:
        return str(revision.author) if revision.author else None


class ChangeSerializer(serializers.Serializer[Any]):
    scope = serializers.CharField(allow_null=True)
    text = serializers.CharField()


class RevisionDetailSerializer(RevisionSerializer):
    """A revision with its document, its signature over the exact bytes, and what it changed."""

    signature = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    document = serializers.SerializerMethodField()

    class Meta(RevisionSerializer.Meta):
        fields = [*RevisionSerializer.Meta.fields, "signature", "changes", "document"]

    def get_signature(self, revision: PolicyRevision) -> str:
        return base64.b64encode(bytes(revision.signature)).decode()

    @extend_schema_field(ChangeSerializer(many=True))
    def get_changes(self, revision: PolicyRevision) -> list[dict[str, str | None]]:
        return [change._asdict() for change in changes_of(revision)]

    def get_document(self, revision: PolicyRevision) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(bytes(revision.body))
        return document


class CounterSerializer(serializers.Serializer[Any]):
    """A cap beside what was spent of it; advisory, and never signed."""

    scope = serializers.CharField()
    cap = serializers.CharField()
    window = serializers.CharField()
    mode = serializers.CharField()
    currency = serializers.CharField()
    limit_usd = serializers.CharField()
    spent_usd = serializers.CharField()
    held_usd = serializers.CharField()
    remaining_usd = serializers.CharField()
    resets_at = serializers.DateTimeField(allow_null=True)


class CountersSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField()
    results = CounterSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class RefusedSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0)
    detail = serializers.CharField(max_length=2000)


class SignalSerializer(serializers.Serializer[Any]):
    """What a router saw of a scope's calls, and how: names and short values."""

    scope = serializers.CharField(max_length=80)
    code = serializers.ChoiceField(choices=[LOOP])
    detail = serializers.DictField(child=serializers.CharField(max_length=120), default=dict)

    def validate_detail(self, detail: dict[str, str]) -> dict[str, str]:
        if len(detail) > MOST_DETAILS or not all(DETAIL_NAME.fullmatch(name) for name in detail):
            raise serializers.ValidationError(
                f"At most {MOST_DETAILS} values, each under a name of letters and underscores."
            )
        return detail


class StatusSerializer(serializers.Serializer[Any]):
    """What a sidecar runs (an ACK), and what it refused to run (a NACK)."""

    sidecar = serializers.CharField(max_length=80)
    revision = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="0 while none runs."
    )
    applied_at = serializers.DateTimeField(allow_null=True, default=None)
    version = serializers.CharField(max_length=40, allow_blank=True, default="")
    # The contract calls this field as DRF calls a property, which the metaclass keeps apart.
    errors = RefusedSerializer(many=True, default=list)  # type: ignore[assignment]
    signals = SignalSerializer(many=True, default=list, help_text="Loops that it saw.")


class StatusAnswerSerializer(serializers.Serializer[Any]):
    current_revision = serializers.IntegerField(allow_null=True)
    tripped = serializers.ListField(
        child=serializers.CharField(), help_text="The scopes that these signals have blocked."
    )


class UsageAnswerSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)
    revision = serializers.IntegerField(
        allow_null=True, help_text="The revision of the policy that holds after these records."
    )


class PartialSuccessSerializer(serializers.Serializer[Any]):
    rejectedSpans = serializers.CharField(help_text="A number, as a text.")  # noqa: N815 -- OTLP's
    errorMessage = serializers.CharField(  # noqa: N815 -- OTLP's
        help_text="Which spans were not taken and why, or what was odd about others."
    )


class TraceAnswerSerializer(serializers.Serializer[Any]):
    """An ExportTraceServiceResponse; empty where every call was taken."""

    partialSuccess = PartialSuccessSerializer(required=False)  # noqa: N815 -- OTLP's
