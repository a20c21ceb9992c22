"""A call as one asks a router about it by hand: the sidecar's local door, with curl. Pure."""

import json
import shlex
from collections.abc import Mapping

from ingestion.queries.calls import Made

LOCAL = "http://127.0.0.1:8471/decide"


def call_of(made: Made) -> dict[str, str]:
    """Return what a router is told of a call like one that was made; no person is named."""
    members = {
        "provider": made.provider,
        "model": made.model,
        "key": made.key,
        "workflow": made.workflow,
        "task_type": made.task_type,
    }
    return {name: value for name, value in members.items() if value}


def curl(call: Mapping[str, object]) -> str:
    """Return the command that asks the sidecar on one's own machine, ready for a shell."""
    body = shlex.quote(json.dumps(call, ensure_ascii=False))
    return f"curl -s {LOCAL} -H 'Content-Type: application/json' -d {body}"
