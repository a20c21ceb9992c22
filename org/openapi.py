"""What OpenAPI says of every call: bearer tokens with their scopes, keys, problems."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from org.authentication import scope_of
from org.idempotency import IdempotentPost
from org.problems import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; some problems carry members of their own.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "What a program tells problems apart by."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for the person who asked."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Sent again with the same body, the request has its effect once and is answered"
    " alike (`Idempotency-Replayed: true`); with another body it is refused (422), while the"
    " first is still running as well (409). Kept 35 days.",
)


class Schema(AutoSchema):
    """Adds what holds for every call."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method == "POST" and isinstance(self.view, IdempotentPost):
            parameters.append(IDEMPOTENCY_KEY)
        return parameters


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # it is
    """Makes the token and, per call, the scope it needs part of the document."""

    target_class = "org.authentication.TokenAuthentication"
    name = "token"

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]]:
        scope = scope_of(auto_schema.view, auto_schema.method)
        return {self.name: [scope.value] if scope else []}

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002 — the library's signature
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "tok_…",
            "description": "A token of /settings/tokens/, or of `manage.py token`.",
        }


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give every call its answer in case of trouble."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "Refused, or failed",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", answer)
    return result
