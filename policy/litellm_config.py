"""The policy as a configuration of LiteLLM's proxy, for those who install no plug-in. Pure.

What LiteLLM can keep by itself is written as its keys; what it cannot stands as comments
beside them, so that nobody takes the file for the whole policy. The keys are those of
LiteLLM's documentation on `model_list`, fallbacks, budget routing and user budgets.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

Document = Mapping[str, Any]

PER_MTOK = Decimal(1_000_000)
GROUP = "tier-{}"
# LiteLLM's names of providers where they are not ours.
PROVIDERS = {
    "aws": "bedrock",
    "google": "gemini",
    "google_vertex": "vertex_ai",
    "x-ai": "xai",
    "fireworks": "fireworks_ai",
    "together": "together_ai",
}
# Their credentials are no single key.
WITHOUT_KEY = frozenset({"bedrock", "sagemaker", "vertex_ai", "ollama", "vllm", "hosted_vllm"})
COSTS = {
    "in_text": "input_cost_per_token",
    "out_text": "output_cost_per_token",
    "in_cache_read": "cache_read_input_token_cost",
    "in_cache_write_5m": "cache_creation_input_token_cost",
}
DURATIONS = {"day": "1d", "week": "7d", "month": "1mo", "period": "1mo"}
# A budget that the first call passes: LiteLLM has no switch for a tag that is blocked.
BLOCKED_USD = "0.000000000001"


def litellm_config(document: Document) -> str:
    """Return the configuration of a revision as YAML."""
    lines = [
        *_head(document),
        *_model_list(document),
        *_router_settings(document),
        *_litellm_settings(document),
    ]
    return "\n".join(lines) + "\n"


def _head(document: Document) -> Iterator[str]:
    yield f"# TokenOps policy, revision {document['revision']}, issued {document['issued_at']},"
    yield "# as a configuration of LiteLLM's proxy (`litellm --config FILE`)."
    yield "#"
    yield "# This is a snapshot: fetch it anew after each revision. LiteLLM cannot keep:"
    yield "#   - blocks, throttles and raised limits until the file is fetched again;"
    yield "#   - fiscal periods that are no calendar months (written as such), and caps in total;"
    yield "#   - several caps of one scope: the shortest hard one is written;"
    yield "#   - reservations: it counts a call when it is over, so calls under way pass a limit;"
    yield "#   - the rules that say whose a call is: send `metadata: {tags: [SCOPE]}` with each;"
    yield "#   - highest tiers of scopes, task limits, loops, tests of half-open scopes, routes."
    yield "# The sidecar's callback keeps all of these."
    for sentence in _not_kept(document):
        yield f"#   * {_comment(sentence)}"
    yield ""


def _not_kept(document: Document) -> Iterator[str]:
    """Yield what of this very policy is not in the file."""
    for scope in document["scopes"]:
        if scope["max_tier"]:
            yield f"{scope['name']}: no model above {scope['max_tier']}."
        if scope["state"] not in {"closed", "open"}:
            yield f"{scope['name']} is {scope['state']}: {(scope['reason'] or {}).get('text', '')}"
        written = _cap_of(scope)
        for cap in scope["caps"]:
            if cap is not written:
                yield f"{scope['name']}: ${cap['limit_usd']} {cap['window']} cap ({cap['mode']})."
        for quota in scope.get("quotas", []):
            if not _is_user_budget(scope, quota):
                per = f" per {quota['per']}" if quota["per"] else ""
                amount = f"{quota['limit']} {quota['metric']}"
                yield f"{scope['name']}: quota of {amount} in {quota['window']}{per}."


def _model_list(document: Document) -> Iterator[str]:
    models: Sequence[Document] = document["models"]
    if not models:
        yield "model_list: []"
        return
    yield "model_list:"
    for model in models:
        yield from _deployment(model, called=model["model"])
    yield "  # The tiers as groups: a caller asks for the tier, the cheapest model answers."
    for model in models:
        yield from _deployment(model, called=GROUP.format(model["tier"]))


def _deployment(model: Document, *, called: str) -> Iterator[str]:
    provider = _provider(model)
    yield f"  - model_name: {_text(called)}"
    yield "    litellm_params:"
    yield f"      model: {_text(provider + '/' + model['model'])}"
    if provider in WITHOUT_KEY:
        yield f"      # {provider} takes its credentials or api_base from elsewhere: add them here."
    else:
        key = f"{provider.upper().replace('-', '_')}_API_KEY"
        yield f"      api_key: {_text('os.environ/' + key)}"
    for meter, name in COSTS.items():
        if meter in model["usd_per_mtok"]:
            usd = Decimal(model["usd_per_mtok"][meter]) / PER_MTOK
            yield f"      {name}: {_number(usd)}"
    yield "    model_info:"
    yield f"      tier: {_text(model['tier'])}"


def _router_settings(document: Document) -> Iterator[str]:
    yield ""
    yield "router_settings:"
    yield "  routing_strategy: cost-based-routing"
    known = {model["tier"] for model in document["models"]}
    tiers = [tier for tier in document["tiers"] if tier in known]
    pairs = [(dear, cheap) for cheap, dear in pairwise(tiers)]
    if pairs:
        yield "  # Where a tier fails or its budget is used up, the next cheaper one answers."
        yield "  fallbacks:"
    for dear, cheap in reversed(pairs):
        yield f"    - {_text(GROUP.format(dear))}: [{_text(GROUP.format(cheap))}]"
    yield from _provider_budgets(document)


def _provider_budgets(document: Document) -> Iterator[str]:
    cap = next((_cap_of(scope) for scope in document["scopes"] if scope["parent"] is None), None)
    providers = sorted({_provider(model) for model in document["models"]})
    if cap is None or not providers:
        return
    yield "  # No provider may take more than the whole company has. Several proxies count"
    yield "  # together only over Redis: add redis_host, redis_port and redis_password."
    yield "  provider_budget_config:"
    for provider in providers:
        yield f"    {provider}:"
        yield f"      budget_limit: {_number(Decimal(cap['limit_usd']))}"
        yield f"      time_period: {DURATIONS[cap['window']]}"


def _litellm_settings(document: Document) -> Iterator[str]:
    settings = [
        *_company_budget(document),
        *_user_budget(document),
        *_tag_budgets(document),
    ]
    yield ""
    if not settings:
        yield "litellm_settings: {}"
        return
    yield "litellm_settings:"
    yield from settings


def _company_budget(document: Document) -> Iterator[str]:
    for scope in document["scopes"]:
        cap = _cap_of(scope) if scope["parent"] is None else None
        if cap is not None:
            yield f"  # {_comment(scope['name'])}: {cap['id']}. It needs a database."
            yield f"  max_budget: {_limit(scope, cap)}"
            yield f"  budget_duration: {DURATIONS[cap['window']]}"


def _user_budget(document: Document) -> Iterator[str]:
    for scope in document["scopes"]:
        for quota in scope.get("quotas", []):
            if _is_user_budget(scope, quota):
                yield f"  # {quota['id']}, for users that are made from now on."
                yield f"  max_internal_user_budget: {_number(Decimal(quota['limit']))}"
                yield f"  internal_user_budget_duration: {DURATIONS[quota['window']]}"
                return


def _tag_budgets(document: Document) -> Iterator[str]:
    found = [
        (scope, cap)
        for scope in document["scopes"]
        if scope["parent"] is not None
        and ((cap := _cap_of(scope)) is not None or scope["state"] == "open")
    ]
    if not found:
        return
    yield "  # A tag is a scope. Budgets of tags need LiteLLM's enterprise licence."
    yield "  tag_budget_config:"
    for scope, cap in found:
        window = cap["window"] if cap else "day"
        if scope["state"] == "open":
            yield f"    # Blocked: {_comment(scope['reason']['text'])}"
        yield f"    {_text(scope['id'])}:"
        yield f"      max_budget: {_limit(scope, cap)}"
        yield f"      budget_duration: {DURATIONS[window]}"


def _limit(scope: Document, cap: Document | None) -> str:
    if cap is None or scope["state"] == "open":
        return BLOCKED_USD
    return _number(Decimal(cap["limit_usd"]))


def _cap_of(scope: Document) -> Document | None:
    """Return the hard cap that LiteLLM can keep: the shortest of those that start anew."""
    hard = [cap for cap in scope["caps"] if cap["mode"] == "hard" and cap["window"] in DURATIONS]
    order = list(DURATIONS)
    return min(hard, key=lambda cap: order.index(cap["window"]), default=None)


def _is_user_budget(scope: Document, quota: Document) -> bool:
    is_dollars = quota["metric"] == "usd" and quota["window"] in DURATIONS
    is_hard_one = quota["per"] == "person" and quota["mode"] == "hard"
    return is_dollars and is_hard_one and scope["parent"] is None


def _provider(model: Document) -> str:
    own: str = model["provider"]
    return PROVIDERS.get(own, own)


def _number(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str) -> str:
    """Write a string as JSON does, which YAML reads alike."""
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> str:
    """Return text on one line: a comment ends with it."""
    return " ".join(text.split())
