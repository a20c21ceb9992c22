"""REST: the policy for browsers, auditors, and programs that read it in another format."""

import json
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from org.models import User
from org.models.tokens import Scope
from org.permissions import can_see_company
from org.refusals import Invalid, NotAllowed, Refusal
from policy.feed.answers import is_known
from policy.keys import signature_header
from policy.litellm_config import litellm_config
from policy.models import PolicyRevision, SidecarDocument
from policy.queries.revisions import document_of

NOT_MODIFIED = 304
JSON, LITELLM = FORMATS = ("json", "litellm")
YAML = "application/yaml"


class NothingPublished(Refusal):
    status = 503
    title = "Nothing published yet"


class OneRenderer(DefaultContentNegotiation):
    """`format` names a document here, not one of the framework's renderers."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002, ARG002 -- its signature
        return renderers


class PolicyDocument(APIView):
    """`GET /policy`: the current document, signed; routers are served by the feed instead."""

    content_negotiation_class = OneRenderer
    scopes = {"GET": Scope.POLICY_READ}

    @extend_schema(
        operation_id="policy_retrieve",
        parameters=[
            OpenApiParameter("If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER),
            OpenApiParameter(
                "wait",
                OpenApiTypes.INT,
                description="With If-None-Match: wait up to so many seconds, at most 30, for "
                "another revision. Bearer tokens only.",
            ),
            OpenApiParameter(
                "sidecar",
                OpenApiTypes.STR,
                description="Who asks. One that is bound to scopes is told of these, of all "
                "above and beneath them, under a signature of its own.",
            ),
            OpenApiParameter(
                "format",
                OpenApiTypes.STR,
                enum=FORMATS,
                description="`litellm`: what LiteLLM's proxy can keep of it, as its "
                "configuration, with comments on what it cannot.",
            ),
        ],
        responses={
            (200, "application/json"): OpenApiResponse(
                OpenApiTypes.OBJECT,
                description="The exact bytes that `TokenOps-Signature` signs; "
                "`TokenOps-Revision` and `ETag` name them.",
            ),
            (200, "application/yaml"): OpenApiResponse(
                OpenApiTypes.OBJECT, description="With `format=litellm`; not signed."
            ),
            304: OpenApiResponse(description="The document named by If-None-Match still holds."),
            503: OpenApiResponse(description="Nothing is published yet."),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        check_sees_all(cast("User", request.user))
        revision = document_of(request.query_params.get("sidecar", ""))
        if revision is None:
            raise NothingPublished("Nothing is published yet: ask again in a few seconds.")
        if _format(request) == LITELLM:
            return HttpResponse(litellm_config(json.loads(bytes(revision.body))), content_type=YAML)
        etag = f'"{revision.etag}"'
        is_same = is_known(request.headers.get("If-None-Match", ""), etag)
        answer = HttpResponse(status=NOT_MODIFIED) if is_same else _document(revision)
        answer["ETag"] = etag
        answer["Cache-Control"] = "private, no-cache"
        answer["TokenOps-Revision"] = str(revision.number)
        answer["TokenOps-Signature"] = signature_header(
            bytes(revision.signature), key_id=revision.key.key_id
        )
        return answer


def _format(request: Request) -> str:
    asked = request.query_params.get("format", JSON)
    if asked not in FORMATS:
        raise Invalid.of("format", f"The formats are {', '.join(FORMATS)}, not {asked[:20]!r}.")
    return asked


def _document(revision: PolicyRevision | SidecarDocument) -> HttpResponse:
    return HttpResponse(bytes(revision.body), content_type="application/json")


def check_sees_all(user: User) -> None:
    """Refuse who has a role of single units alone: the policy covers all of them."""
    if not can_see_company(user):
        raise NotAllowed(
            "The policy covers every unit: its reader needs a role for the whole company."
        )
