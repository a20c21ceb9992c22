"""A usage file as a company of 3,000 people makes it: few models each, a month, one shape."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

PEOPLE = 3000
MODELS = (
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
)
# The busiest twentieth of the people make most of the calls, and everybody has a habit.
SKEW = 9
HABIT = (72, 15, 7, 3.5, 1.5, 1)
HEADER = "id,started_at,provider,model,person,project,in_text,in_cache_read,out_text\n"
MONTH = timedelta(days=30)
START = datetime(2026, 9, 1, tzinfo=UTC)


class Call(NamedTuple):
    """One call of the company."""

    number: int
    at: datetime
    provider: str
    model: str
    person: int
    in_text: int
    in_cache_read: int
    out_text: int


def calls(*, rows: int, seed: int = 7, people: int = PEOPLE) -> Iterator[Call]:
    """Yield calls in the order of time; the same for the same seed."""
    dice = random.Random(seed)
    favourites = [dice.sample(MODELS, len(MODELS)) for _ in range(people)]
    for number in range(rows):
        person = int(people * dice.random() ** SKEW)
        provider, model = dice.choices(favourites[person], HABIT)[0]
        yield Call(
            number,
            START + MONTH * (number / rows),
            provider,
            model,
            person,
            dice.randint(50, 8000),
            dice.choice((0, 0, 1000)),
            dice.randint(1, 900),
        )


def write_usage(path: Path, *, rows: int, people: int = PEOPLE) -> None:
    """Write the calls as a CSV of usage records."""
    with path.open("w") as file:
        file.write(HEADER)
        for call in calls(rows=rows, people=people):
            file.write(
                f"call-{call.number},{call.at.isoformat()},{call.provider},{call.model},"
                f"p{call.person}@example.org,project-{call.person % 40},{call.in_text},"
                f"{call.in_cache_read},{call.out_text}\n"
            )


def write_litellm(path: Path, *, rows: int) -> None:
    """Write the calls as LiteLLM logs them, one JSON object a line."""
    with path.open("w") as file:
        for call in calls(rows=rows):
            prompt = call.in_text + call.in_cache_read
            row = {
                "request_id": f"call-{call.number}",
                "call_type": "acompletion",
                "api_key": f"hash-{call.person % 400}",
                "spend": 0.0012,
                "startTime": call.at.isoformat(),
                "endTime": call.at.isoformat(),
                "model": call.model,
                "custom_llm_provider": call.provider,
                "user": f"p{call.person}@example.org",
                "team_id": f"project-{call.person % 40}",
                "prompt_tokens": prompt,
                "completion_tokens": call.out_text,
                "total_tokens": prompt + call.out_text,
                "status": "success",
                "metadata": {
                    "user_api_key_alias": f"key-{call.person % 400}",
                    "usage_object": {
                        "prompt_tokens_details": {"cached_tokens": call.in_cache_read}
                    },
                },
            }
            file.write(json.dumps(row) + "\n")
