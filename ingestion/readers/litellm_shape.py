"""The usual shape of a LiteLLM record, by field; a record of any other does not decode.

Only what a call needs is named; the rest (messages, answers, costs) is skipped unread. Where
a field is `Never`, whoever sets it wants the reader of all shapes: what it holds changes how
the others are read. Numbers are whole here, and no amount of money stands in any field.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ingestion.readers.contract import MAX_COUNT

Text = str | None
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)] | None
Never = UnsetType


class Lives(Struct, gc=False):
    """How long what was written to a cache lives."""

    ttl_30m_tokens: Count = None
    ephemeral_5m_input_tokens: Count = None
    ttl_12h_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class InputDetails(Struct, gc=False):
    """What the input was made of."""

    cached_tokens: Count = None
    cached_tokens_details: None = None
    audio_tokens: Count = None
    image_tokens: Count = None
    video_tokens: Count = None
    cache_write_tokens: Count = None
    cache_creation_tokens: Count = None
    cache_write_tokens_details: None = None
    cache_creation_token_details: Lives | None = None
    web_search_requests: Count = None


class OutputDetails(Struct, gc=False):
    """What the answer was made of."""

    reasoning_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None


class Tools(Struct, gc=False):
    """What the provider's own tools did."""

    web_search_requests: Count = None


class Usage(Struct, gc=False):
    """A usage object as OpenAI has it, which LiteLLM makes of the others."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    cache_read_input_tokens: Count = None
    prompt_cache_hit_tokens: Count = None
    num_cached_tokens: Count = None
    cached_tokens: Count = None
    cache_creation_input_tokens: Count = None
    cache_creation: Lives | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    server_tool_use: Tools | None = None
    service_tier: Text = None
    input_tokens: Never = UNSET
    output_tokens: Never = UNSET
    input_tokens_details: Never = UNSET
    output_tokens_details: Never = UNSET


class Metadata(Struct, gc=False):
    """What the gateway knows of the caller."""

    usage_object: Usage | None = None
    spend_logs_metadata: dict[str, str | int | None] | None = None
    mcp_tool_call_metadata: None = None
    user_api_key_alias: Text = None
    user_api_key_hash: Text = None
    user_api_key: Text = None
    user_api_key_user_email: Text = None
    user_api_key_user_id: Text = None
    user_api_key_project_alias: Text = None
    user_api_key_project_id: Text = None
    user_api_key_team_alias: Text = None
    team_alias: Text = None
    user_api_key_team_id: Text = None
    team_id: Text = None
    user_api_key_org_alias: Text = None
    user_api_key_org_id: Text = None
    user_api_key_end_user_id: Text = None


class HiddenParams(Struct, gc=False):
    """What a callback is given beside the call."""

    usage_object: Usage | None = None


class Response(Struct, gc=False):
    """The answer, of which the usage alone is read."""

    usage: Usage | None = None


class CostBreakdown(Struct, gc=False):
    """What the gateway reckoned with."""

    service_tier: Text = None


class ErrorInformation(Struct, gc=False):
    """Why a call failed."""

    llm_provider: Text = None


class Line(Struct, gc=False):
    """A row of SpendLogs, or a logging payload."""

    request_id: Text = None
    id: Text = None
    litellm_call_id: Text = None
    startTime: Any = None  # noqa: N815 — LiteLLM's own name
    session_id: Text = None
    trace_id: Text = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    status: Text = None
    cache_hit: bool | str | None = None
    call_type: Text = None
    custom_llm_provider: Text = None
    model: Text = None
    model_group: Text = None
    api_key: Text = None
    user: Text = None
    team_id: Text = None
    organization_id: Text = None
    end_user: Text = None
    agent_id: Text = None
    billing_agent_id: Text = None
    request_tags: tuple[str, ...] | str | None = None
    mcp_namespaced_tool_name: Literal[""] | None = None
    metadata: Metadata | None = None
    hidden_params: HiddenParams | None = None
    response: Response | str | None = None
    cost_breakdown: CostBreakdown | None = None
    error_information: ErrorInformation | None = None
    standard_logging_object: None = None
    # Sums by day and by model, which are no calls, are known by these.
    date: Never = UNSET
    users: Never = UNSET
