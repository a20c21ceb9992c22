"""OpenAI's shapes: what a request says of its call, and what an answer's usage counts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenops_sidecar.answers import Answer
from tokenops_sidecar.bodies import PICTURE_TOKENS, call_of, tokens_of
from tokenops_sidecar.call import read_call

HELLO = {"role": "user", "content": "Hello"}
CHAT: dict[str, Any] = {"model": "gpt-5", "messages": [HELLO]}


def test_a_chat_is_described_by_its_body() -> None:
    body = {
        **CHAT,
        "max_completion_tokens": 100,
        "n": 2,
        "tools": [{"type": "function", "function": {"name": "look"}}],
        "metadata": {"workflow": "search", "task": "ticket-1", "complexity": "simple"},
        "user": "ana",
    }

    call = call_of(body, headers={"x-tokenops-task": "ticket-2", "x-tokenops-task-type": "qa"})

    assert (call["workflow"], call["task"], call["task_type"]) == ("search", "ticket-2", "qa")
    assert (call["user"], call["labels"]["complexity"]) == ("ana", "simple")
    assert (call["max_out_tokens"], call["tools"], call["text_excerpt"]) == (200, 1, "Hello")
    sent = json.dumps({"messages": [HELLO], "tools": body["tools"]}, sort_keys=True)
    assert call["in_tokens"] == -(-len(sent) // 2)
    assert read_call(call | {"provider": "openai"}).task == "ticket-2"


@pytest.mark.parametrize(
    ("body", "most"),
    [
        (CHAT, None),
        (CHAT | {"max_tokens": 7}, 7),
        (CHAT | {"max_tokens": 7, "max_completion_tokens": 5}, 5),
        (CHAT | {"max_tokens": True}, None),
        ({"model": "gpt-5", "input": "Hello", "max_output_tokens": 9}, 9),
        ({"model": "gpt-5", "input": "Hello"}, None),
        ({"model": "embed", "input": "Hello", "encoding_format": "float"}, 0),
    ],
)
def test_the_longest_answer_is_what_the_request_allows(
    body: dict[str, Any], most: int | None
) -> None:
    assert call_of(body, headers={}).get("max_out_tokens") == most


def test_a_picture_counts_as_a_large_one_however_long_its_bytes_are() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 99_999}}

    call = call_of({"model": "m", "messages": [{"role": "user", "content": [picture]}]}, headers={})

    assert PICTURE_TOKENS < call["in_tokens"] < PICTURE_TOKENS + 100


def test_the_same_prompt_has_the_same_hash_and_another_has_another() -> None:
    again = {**CHAT, "temperature": 1, "metadata": {"task": "t"}}
    other = {**CHAT, "messages": [HELLO, HELLO]}

    hashes = [call_of(body, headers={})["prompt_hash"] for body in (CHAT, again, other)]

    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 30,
                "prompt_tokens_details": {"cached_tokens": 60},
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            {"in_text": 40, "in_cache_read": 60, "out_text": 20, "out_reasoning": 10},
        ),
        (
            {
                "input_tokens": 8,
                "output_tokens": 3,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            {"in_text": 8, "out_reasoning": 3},
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 1,
                "cache_read_input_tokens": 50,
                "cache_creation_input_tokens": 20,
            },
            {"in_text": 30, "in_cache_read": 50, "in_cache_write_5m": 20, "out_text": 1},
        ),
        ({"prompt_tokens": 5, "total_tokens": 5}, {"in_text": 5}),
        ({"prompt_tokens": -1}, {}),
        (None, {}),
        ([], {}),
    ],
)
def test_a_usage_counts_every_token_once(usage: Any, tokens: dict[str, int]) -> None:
    assert tokens_of(usage) == tokens


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(
    ["model", "messages", "input", "metadata", "tools", "usage", "choices", "n"]
)
BODIES = st.dictionaries(NAMES, ANY_JSON, max_size=6)


@given(body=BODIES)
def test_whatever_is_sent_is_read_without_a_fall(body: dict[str, Any]) -> None:
    call = call_of(body, headers={})
    answer = Answer()
    answer.read({"type": "http.response.start", "status": 200, "headers": []})
    answer.read({"type": "http.response.body", "body": json.dumps(body).encode()})

    assert call["in_tokens"] >= 1
    counted = answer.record(in_tokens=4)["tokens"]
    assert all(type(count) is int and count >= 0 for count in counted.values())
