"""The price list's ids of models on Bedrock, found by what a bill or a log calls them."""

import re

from genai_prices import data_snapshot

from ingestion.readers.listed import claude_parts, listed_model

PROVIDER = "aws"
GLOBAL, GEO = "global", "geo"
_SCOPES = ("global.", "regional.")
_GEOGRAPHIES = re.compile(r"^(?:us|eu|apac|ap|jp|au|in|ca|us-gov|global)\.(?=[a-z0-9]+\.)")
# What stands behind a model's own name: its revision, and its date before that.
_FIRST, _SECOND = re.compile(r"-v?1(?::\d+)?$|(?<!v\d):\d+$"), re.compile(r"-?v2(?::\d+)?$")
_DATE = re.compile(r"-20\d{6}$")
_EDITION = re.compile(r"\s*\(Amazon Bedrock(?: Edition)?\)\s*$", re.IGNORECASE)


def billed_model(name: str, *, deployment: str = "") -> str:
    """Return the list's id for a name such as 'Claude4.6Opus' or 'Nova Pro'.

    The list knows many models twice: run anywhere (`global`), and within a region or
    geography (`regional`), which costs more. A name that it does not know stays.
    """
    name = _EDITION.sub("", name.strip())
    ids = _listed_ids()
    scope = "global." if deployment == GLOBAL else "regional."
    key = _key(name)
    return ids.get(scope + key) or ids.get(key) or name.lower().replace(" ", "-")


def invoked_model(model_id: str) -> str:
    """Return the list's id for the model id of a call, or the id itself."""
    return listed_model(PROVIDER, [model_id], unlisted=model_id)


def geography_of(model_id: str) -> str:
    """Return where a profile lets a model run: 'global', 'geo', or '' in its region alone."""
    found = _GEOGRAPHIES.match(model_id)
    if found is None:
        return ""
    return GLOBAL if model_id.startswith("global.") else GEO


def _listed_ids() -> dict[str, str]:
    """Return the ids of the list by scope and key."""
    providers = data_snapshot.get_snapshot().providers
    models = next(provider.models for provider in providers if provider.id == PROVIDER)
    ids: dict[str, str] = {}
    for model in models:
        scope = next((scope for scope in _SCOPES if model.id.startswith(scope)), "")
        ids.setdefault(scope + _key(model.id.removeprefix(scope)), model.id)
    return ids


def _key(name: str) -> str:
    """Return what all spellings of a model have in common: letters and digits of its name."""
    name = _DATE.sub("", _FIRST.sub("", name.lower()))
    later = "v2" if _SECOND.search(name) else ""
    name = _DATE.sub("", _SECOND.sub("", name))
    if claude := claude_parts(name):
        return "claude" + "".join(claude) + later
    # 'meta.llama4-maverick', 'Meta Llama 4 Maverick' and 'Llama4-Maverick' are one.
    name = re.sub(r"^[a-z]+\.(?=[a-z])|^(?:openai|amazon|meta|google|deepseek)[ -]", "", name)
    name = name.replace("titanembedding", "titan-embed-text")
    return re.sub(r"[^a-z0-9]|instruct", "", name) + later
