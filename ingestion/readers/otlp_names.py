"""The names that spans of GenAI calls use: OpenTelemetry's, old and new, and their kin.

Within a row the first name that is given counts. `gen_ai.*` are OpenTelemetry's semantic
conventions with the names they had before, `llm.usage.*` and `traceloop.*` OpenLLMetry's,
`llm.token_count.*` OpenInference's, bare names Claude Code's; `tokenops.*` are our own, for
what no convention has a word for, and go before all others.
"""

from collections.abc import Mapping
from typing import Any

# Field of a usage row → attributes of the span, and then of its resource.
TEXTS: Mapping[str, tuple[str, ...]] = {
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "model": (
        "gen_ai.response.model",
        "gen_ai.request.model",
        "llm.response.model",
        "llm.request.model",
        "llm.model_name",
        "embedding.model_name",
        "model",
    ),
    "account": ("tokenops.account",),
    "key": ("tokenops.key",),
    "person": (
        "tokenops.user",
        "user.email",
        "user.id",
        "enduser.id",
        "langfuse.user.id",
        "traceloop.association.properties.user_id",
    ),
    "project": ("tokenops.project", "openinference.project.name", "service.namespace"),
    "workflow": (
        "tokenops.workflow",
        "gen_ai.workflow.name",
        "traceloop.workflow.name",
        "gen_ai.agent.name",
        "service.name",
    ),
    "task_type": ("tokenops.task_type",),
    "task": (
        "tokenops.task",
        "gen_ai.conversation.id",
        "session.id",
        "langfuse.session.id",
        "traceloop.association.properties.session_id",
    ),
    "environment": (
        "tokenops.environment",
        "deployment.environment.name",
        "deployment.environment",
        "langfuse.environment",
    ),
    "lease": ("tokenops.lease",),
    "service_tier": (
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
}

CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "cache_read_tokens",
)
CACHE_WRITE = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "cache_creation_tokens",
)
# Whoever knows these names knows the rule that input includes what they count.
INCLUSIVE = frozenset({*CACHE_READ[:2], *CACHE_WRITE[:3]})
# Claude Code's own, which says what Anthropic says: input is beside them.
EXCLUSIVE = frozenset({CACHE_READ[-1], CACHE_WRITE[-1]})

COUNTS: Mapping[str, tuple[str, ...]] = {
    "input": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.usage.input_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
        "input_tokens",
    ),
    "output": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.output_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
        "output_tokens",
    ),
    "total": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"),
    "cache_read": CACHE_READ,
    "cache_write": CACHE_WRITE,
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
    "audio_input": (
        "gen_ai.usage.audio.input_tokens",
        "llm.token_count.prompt_details.audio",
    ),
    "image_input": ("gen_ai.usage.image.input_tokens",),
    "video_input": ("gen_ai.usage.video.input_tokens",),
    "audio_output": (
        "gen_ai.usage.audio.output_tokens",
        "llm.token_count.completion_details.audio",
    ),
}

# What says of a span whether it is a call of a model.
OPERATIONS = (
    "gen_ai.operation.name",
    "openinference.span.kind",
    "traceloop.span.kind",
    "llm.request.type",
)
GENERATIONS = frozenset({"chat", "text_completion", "generate_content", "completion", "llm"})
EMBEDDINGS = frozenset({"embeddings", "embedding"})

# As spans call a provider → as the price book does.
PROVIDERS: Mapping[str, str] = {
    "amazon": "aws",
    "amazon_bedrock": "aws",
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "google_genai": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot_ai": "moonshotai",
    "vertex_ai": "google",
    "vertexai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
# Their answers count input without what the cache gave or took.
COUNTING_BESIDE = frozenset({"anthropic", "aws"})

PROPERTIES = "traceloop.association.properties."
OWN_TAGS = "tokenops.tags."
AGENT = "gen_ai.agent.name"
FAULT = "error.type"
# Of a resource, what names a machine or a library: never who or what the money is for.
_NOISE = ("container.", "host.", "k8s.pod.", "os.", "process.", "telemetry.")
_KEPT = frozenset(
    {AGENT, FAULT, *OPERATIONS}
    | {name for names in (*TEXTS.values(), *COUNTS.values()) for name in names}
)


def is_kept(attribute: str) -> bool:
    """Test whether a span's attribute is read; content, which nobody reads, is not."""
    return attribute in _KEPT or attribute.startswith((PROPERTIES, OWN_TAGS))


def is_tag(attribute: str) -> bool:
    """Test whether an attribute of a resource may serve as a tag."""
    return not attribute.startswith(_NOISE) and attribute != "service.instance.id"


def provider_named(name: str) -> str:
    """Return the price book's name of a provider."""
    plain = name.strip().lower()
    return PROVIDERS.get(plain, plain)


def first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first of these values that is given and not empty, or None."""
    for name in names:
        value = values.get(name)
        if value is not None and value != "":
            return value
    return None
