"""A customer's program: OpenAI's own client, pointed at the proxy; a call a line, an answer a line.

It runs in LiteLLM's environment, which brings the client along, and imports nothing of ours.
"""

import json
import sys
from typing import Any

from openai import APIStatusError, OpenAI


def main() -> None:
    client = OpenAI()  # the environment says where, and with which key
    for line in sys.stdin:
        sys.stdout.write(json.dumps(ask(client, json.loads(line))) + "\n")
        sys.stdout.flush()


def ask(client: OpenAI, call: dict[str, Any]) -> dict[str, Any]:
    """Make a call, with the retries that the client makes by itself."""
    try:
        answer = client.chat.completions.with_raw_response.create(**call)
    except APIStatusError as problem:
        return {"status": problem.status_code, "error": problem.body, **tries(problem.response)}
    usage = answer.parse().usage
    tokens = {"in_text": usage.prompt_tokens, "out_text": usage.completion_tokens}
    return {"status": answer.status_code, "tokens": tokens, **tries(answer.http_response)}


def tries(response: Any) -> dict[str, int]:
    """Return how often the client had tried before this answer."""
    return {"retries": int(response.request.headers["x-stainless-retry-count"])}


if __name__ == "__main__":
    main()
