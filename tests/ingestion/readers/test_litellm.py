"""LiteLLM's logs are read the same from its table, its CSV and its callbacks."""

import json
from pathlib import Path

import pandas as pd
import pytest

from finops.tokens import NEGATIVE_CLASS, TOKEN_CLASSES
from ingestion.readers.contract import Refused, UsageBatch
from ingestion.readers.litellm import read_records
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown


def call(batch: UsageBatch, row: int) -> dict[str, object]:
    """Return a row without what is none or zero."""
    values = batch.frame.iloc[row].to_dict()
    return {str(name): value for name, value in values.items() if value not in ("", 0)}


def test_a_spend_log_is_parted_into_classes_and_named_for_people() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_spend_logs.json")

    assert call(batch, 0) == {
        "line": 1,
        "native_id": "chatcmpl-1",
        "started_at": pd.Timestamp("2026-03-02T08:15:30.250Z"),
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "key": "support-prod",
        "person": "ana@example.com",
        "project": "Support",
        "task": "s-1",
        "tags": '{"User-Agent":"curl/8.5","pilot":"","team":"cx"}',
        "service_tier": "standard",
        "in_text": 2000,
        "in_cache_read": 40000,
        "in_cache_write_5m": 5000,
        "in_cache_write_1h": 1000,
        "out_text": 1500,
        "requests": 1,
        "web_searches": 2,
        "status": "ok",
    }


def test_an_answer_from_the_gateways_cache_bills_no_tokens() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_spend_logs.json")

    cached = batch.frame.iloc[1]
    assert cached["status"] == "cached"
    assert cached[list(TOKEN_CLASSES)].sum() == 0
    assert (cached["key"], cached["person"], cached["project"]) == ("hash-2", "u-18", "team-x")


def test_a_failure_without_a_model_is_kept_as_unknown() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_spend_logs.json")

    assert shown(batch, "native_id", "provider", "model", "status")[2] == (
        "fail-1",
        "unknown",
        "unknown",
        "error",
    )


def test_odd_tokens_are_doubted_and_bad_rows_named() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_spend_logs.json")

    assert [(doubt.line, doubt.reason) for doubt in batch.doubts] == [
        (4, NEGATIVE_CLASS),
        (4, "DQ_TOTAL_MISMATCH"),
    ]
    assert said(batch) == [
        (5, "started_at", "'yesterday' is not a time between 2000 and 2099"),
    ]
    assert batch.rows == 5


def test_the_table_as_csv_holds_json_in_its_cells() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_spend_logs.csv")

    columns = "line", "key", "in_text", "in_cache_read", "out_text", "out_reasoning", "tags"
    assert shown(batch, *columns) == [(2, "batch", 40, 60, 20, 10, '{"team":"ml"}')]
    assert [(problem.line, problem.field) for problem in batch.problems] == [(3, "usage")]
    assert batch.problems[0].reason.startswith("metadata is not JSON")


def test_a_logging_payload_has_seconds_and_hashes() -> None:
    batch = read_usage("litellm", SAMPLES / "litellm_payload.json")

    assert call(batch, 0) == {
        "line": 1,
        "native_id": "chatcmpl-abc",
        "started_at": pd.Timestamp("2026-03-02T08:15:30.123456Z"),
        "provider": "azure",
        "model": "gpt-4o",
        "key": "h-1",
        "person": "ana",
        "project": "t-1",
        "task": "t-9",
        "tags": '{"env":"prod"}',
        "service_tier": "standard",
        "in_text": 10,
        "out_text": 20,
        "requests": 1,
        "status": "ok",
    }


def test_pushed_payloads_are_the_same_rows_numbered_by_their_index() -> None:
    payload = json.loads((SAMPLES / "litellm_payload.json").read_text())

    pushed = read_records([payload, "no payload"])

    delivered = read_usage("litellm", SAMPLES / "litellm_payload.json")
    columns = [name for name in pushed.frame.columns if name != "line"]
    pd.testing.assert_frame_equal(pushed.frame[columns], delivered.frame[columns])
    assert said(pushed) == [(1, "", "The record cannot be used: it is not a JSON object.")]


def test_a_count_that_is_none_rejects_its_row(tmp_path: Path) -> None:
    text = '{"request_id":"r","startTime":"2026-03-02","model":"openai/m","prompt_tokens":"many"}\n'

    batch = read_text("litellm", text, tmp_path)

    assert said(batch) == [(1, "usage", "prompt_tokens is 'many', which is not a whole number.")]


def test_the_provider_is_the_models_prefix_where_it_is_not_told(tmp_path: Path) -> None:
    text = '{"request_id":"r","startTime":"2026-03-02","model":"openai/gpt-5","prompt_tokens":3}\n'

    batch = read_text("litellm", text, tmp_path)

    assert shown(batch, "provider", "model") == [("openai", "gpt-5")]


def test_a_csv_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no column request_id or startTime or model"):
        read_text("litellm", "date,spend\n2026-03-02,1\n", tmp_path)


@pytest.mark.parametrize(
    "odd",
    [
        {"status": ["x"]},
        {"model": {"a": 1}},
        {"metadata": "[]"},
        {"request_tags": 7},
        {"call_type": ["x"]},
        {"standard_logging_object": 7},
    ],
)
def test_a_value_of_another_kind_never_stops_the_rest(odd: dict[str, object]) -> None:
    sound = json.loads((SAMPLES / "litellm_payload.json").read_text())

    batch = read_records([sound | odd, sound])

    assert batch.rows == 2
    assert batch.frame["native_id"].tolist()[-1] == "chatcmpl-abc"


SOUND: dict[str, object] = json.loads((SAMPLES / "litellm_payload.json").read_text())
PASSED_THROUGH = {
    "input_tokens": 10,
    "cache_read_input_tokens": 400,
    "cache_creation_input_tokens": 60,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40},
    "output_tokens": 20,
    "server_tool_use": {"web_search_requests": 1},
}


def with_usage(usage: dict[str, object], **more: object) -> dict[str, object]:
    metadata = {**SOUND["metadata"], "usage_object": usage}  # type: ignore[dict-item]
    return SOUND | {"metadata": metadata} | more


CLASSES_OF_A_CLAUDE = {
    "in_text": 10,
    "in_cache_read": 400,
    "in_cache_write_5m": 20,
    "in_cache_write_1h": 40,
    "out_text": 20,
}


def tokens(batch: UsageBatch, row: int = 0) -> dict[str, object]:
    return {name: value for name, value in call(batch, row).items() if name in TOKEN_CLASSES}


@pytest.mark.parametrize(
    "sums",
    [
        {"prompt_tokens": 470, "completion_tokens": 20, "total_tokens": 490},
        {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    ],
)
def test_anthropics_own_object_excludes_the_cache_whatever_the_row_sums(
    sums: dict[str, object],
) -> None:
    batch = read_records([with_usage(PASSED_THROUGH, **sums)])

    assert tokens(batch) == CLASSES_OF_A_CLAUDE
    assert batch.frame["web_searches"].tolist() == [1]
    assert batch.doubts == []


def test_sums_that_are_neither_are_doubted() -> None:
    row = with_usage(PASSED_THROUGH, prompt_tokens=11, completion_tokens=20, total_tokens=31)

    batch = read_records([row])

    assert [doubt.reason for doubt in batch.doubts] == ["DQ_TOTAL_MISMATCH"]


def test_lives_of_the_cache_beside_litellms_own_sums_are_kept() -> None:
    usage = {
        "prompt_tokens": 470,
        "completion_tokens": 20,
        "total_tokens": 490,
        "cache_read_input_tokens": 400,
        "cache_creation_input_tokens": 60,
        "cache_creation": PASSED_THROUGH["cache_creation"],
    }

    batch = read_records([with_usage(usage, prompt_tokens=470, total_tokens=490)])

    assert tokens(batch) == CLASSES_OF_A_CLAUDE


def test_a_usage_object_is_found_among_hidden_params_and_in_the_response() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 4}}

    batch = read_records(
        [
            SOUND | {"hidden_params": {"usage_object": details}},
            SOUND | {"response": {"usage": details}},
            SOUND | {"response": "a text"},
        ]
    )

    assert shown(batch, "in_text", "in_cache_read") == [(6, 4), (6, 4), (10, 0)]


def test_a_run_at_another_model_is_a_call_of_its_own() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "iterations": [
            {"type": "message", "input_tokens": 10, "output_tokens": 20},
            {
                "type": "advisor_message",
                "model": "claude-opus-4-6",
                "input_tokens": 500,
                "output_tokens": 7,
            },
        ],
    }

    batch = read_records([with_usage(usage, model="claude-sonnet-4-6")])

    assert shown(batch, "line", "native_id", "model", "in_text", "out_text", "requests") == [
        (0, "chatcmpl-abc", "claude-sonnet-4-6", 10, 20, 1),
        (0, "chatcmpl-abc#2", "claude-opus-4-6", 500, 7, 0),
    ]
    assert batch.rows == 2


def test_who_called_is_told_by_project_team_organization_agent_and_end_user() -> None:
    metadata = {
        "user_api_key_project_alias": "Checkout",
        "user_api_key_team_alias": "Shop",
        "user_api_key_org_alias": "Retail",
        "spend_logs_metadata": {"cost_center": "cc-7", "tries": 2, "nested": {"a": 1}},
    }

    batch = read_records(
        [
            SOUND
            | {
                "metadata": metadata,
                "end_user": "customer-9",
                "agent_id": "refund-agent",
                "request_tags": ["end_user:somebody-else", "env:prod"],
            }
        ]
    )

    assert shown(batch, "project", "workflow", "tags") == [
        (
            "Checkout",
            "refund-agent",
            (
                '{"agent":"refund-agent","cost_center":"cc-7","end_user":"customer-9",'
                '"env":"prod","organization":"Retail","team":"Shop","tries":"2"}'
            ),
        )
    ]


def test_the_agent_that_pays_goes_before_the_agent_that_called() -> None:
    batch = read_records([SOUND | {"agent_id": "helper", "billing_agent_id": "planner"}])

    assert shown(batch, "workflow", "tags") == [("planner", '{"agent":"helper","env":"prod"}')]


def test_a_tool_of_mcp_costs_the_gateways_fee_and_no_tokens(tmp_path: Path) -> None:
    text = (
        '{"request_id":"m-1","call_type":"call_mcp_tool","startTime":"2026-03-02","model":"",'
        '"spend":0.02,"prompt_tokens":0,"mcp_namespaced_tool_name":"docs-mcp/search"}\n'
    )

    batch = read_text("litellm", text, tmp_path)

    assert shown(batch, "provider", "model", "stated_usd", "tags", "in_text") == [
        ("mcp", "docs-mcp/search", "0.02", '{"mcp_tool":"docs-mcp/search"}', 0)
    ]


def test_a_fetched_batch_is_rated_as_one_and_counts_its_requests() -> None:
    hidden = {"batch_models": ["gpt-4o", "gpt-4o-mini"], "batch_successful_requests": 250}

    batch = read_records(
        [SOUND | {"call_type": "aretrieve_batch", "model": "", "hidden_params": hidden}]
    )

    assert shown(batch, "model", "service_tier", "requests") == [("gpt-4o", "batch", 250)]
    assert [doubt.reason for doubt in batch.doubts] == ["DQ_MIXED_MODELS"]


def test_the_tier_that_was_billed_goes_before_the_one_that_was_asked_for() -> None:
    asked = with_usage({"service_tier": "priority"})

    batch = read_records([asked, asked | {"cost_breakdown": {"service_tier": "flex"}}])

    assert batch.frame["service_tier"].tolist() == ["priority", "flex"]


def test_a_cached_answer_is_known_by_its_id_where_nothing_else_says_so() -> None:
    batch = read_records([SOUND | {"request_id": "chatcmpl-1_cache_hit1772439334.1"}])

    assert shown(batch, "status", "in_text") == [("cached", 0)]


def test_a_failed_call_keeps_its_tokens_and_names_who_failed() -> None:
    failed = SOUND | {
        "status": "failure",
        "custom_llm_provider": None,
        "error_information": {"llm_provider": "anthropic", "error_code": "529"},
    }

    batch = read_records([failed])

    assert shown(batch, "status", "provider", "in_text") == [("error", "anthropic", 10)]


def test_what_a_callback_is_given_is_unwrapped() -> None:
    batch = read_records([{"standard_logging_object": SOUND}])

    assert batch.frame["native_id"].tolist() == ["chatcmpl-abc"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "date,api_key,model,api_requests,spend\n2026-03-02,k,m,1,2\n",
            "once for each of its tags",
        ),
        ('{"date":"2026-03-02","api_requests":3,"spend":1}\n', "once for each of its tags"),
        ('{"startTime":"2026-03-02","spend":1,"users":{},"models":{}}\n', "summarize=false"),
    ],
)
def test_sums_are_refused_and_the_calls_asked_for(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read_text("litellm", text, tmp_path)
