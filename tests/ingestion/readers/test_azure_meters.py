"""Azure's meter names become model, token class, tier and deployment."""

import csv

import pytest

from ingestion.readers.azure_meters import block_of, parse_meter
from ingestion.readers.meters import Meter
from tests.shared_data import shared_data

# What the names met in the wild become: model, class, tier, deployment.
SEEN = {
    "gpt-4o-0806-Inp-glbl Tokens": ("gpt-4o", "in_text", "standard", "global"),
    "gpt-4o-0806-Inp-regnl Tokens": ("gpt-4o", "in_text", "standard", "regional"),
    "gpt-4o-0806-Outp-regnl Tokens": ("gpt-4o", "out_text", "standard", "regional"),
    "gpt-4o-mini-0718-Inp-glbl Tokens": ("gpt-4o-mini", "in_text", "standard", "global"),
    "gpt-4o-mini-0718-Outp-glbl Tokens": ("gpt-4o-mini", "out_text", "standard", "global"),
    "gpt-4o-mini-0718-Batch-Inp-glbl Tokens": ("gpt-4o-mini", "in_text", "batch", "global"),
    "gpt 4.1 Inp glbl Tokens": ("gpt-4.1", "in_text", "standard", "global"),
    "gpt 4.1 Inp Data Zone Tokens": ("gpt-4.1", "in_text", "standard", "data zone"),
    "gpt 4.1 nano Inp glbl Tokens": ("gpt-4.1-nano", "in_text", "standard", "global"),
    "o4-mini 0416 Inp Data Zone Tokens": ("o4-mini", "in_text", "standard", "data zone"),
    "o4-mini 0416 Outp Data Zone Tokens": ("o4-mini", "out_text", "standard", "data zone"),
    "text-embedding-3-large-glbl Tokens": (
        "text-embedding-3-large",
        "in_text",
        "standard",
        "global",
    ),
    # The list knows text-embedding-ada on Azure as ada.
    "embedding-ada-glbl Tokens": ("ada", "in_text", "standard", "global"),
    "gpt-4o-mini-tts-aud-out-glbl": ("gpt-4o-mini-tts", "out_audio", "standard", "global"),
    "GPT 5 Nano Inpt Glbl 1M Tokens": ("gpt-5-nano", "in_text", "standard", "global"),
    "GPT 5 Mini Inpt Glbl 1M Tokens": ("gpt-5-mini", "in_text", "standard", "global"),
    "5.4 nano Inp Gl 1M Tokens": ("gpt-5.4-nano", "in_text", "standard", "global"),
    "5.4 mini Inp Gl 1M Tokens": ("gpt-5.4-mini", "in_text", "standard", "global"),
    "5.4 opt Dz 1M Tokens": ("gpt-5.4", "out_text", "standard", "data zone"),
    # The list prices gpt-5-codex as gpt-5.
    "gpt-5-codex-inp-glbl": ("gpt-5", "in_text", "standard", "global"),
    "gpt-5-mini-outp-regnl": ("gpt-5-mini", "out_text", "standard", "regional"),
    # No price of Azure's Llamas is listed: the name stays the bill's.
    "Llama 3.3 70B Inp glbl Tokens": ("llama-3.3-70b", "in_text", "standard", "global"),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_name_met_in_the_wild_is_read_whole(name: str) -> None:
    model, token_class, tier, deployment = SEEN[name]

    assert parse_meter(name) == Meter(model, token_class, service_tier=tier, deployment=deployment)


def test_every_name_of_the_collection_stands_in_the_table() -> None:
    lines = shared_data("azure-openai/meter_names_seen.txt").read_text().splitlines()

    assert {line.split(" | ")[0] for line in lines if line[0] != "#"} == set(SEEN)


@pytest.mark.parametrize(
    ("name", "product", "model", "counts"),
    [
        ("gpt 4o 1120 cached Inp glbl Tokens", "", "gpt-4o", "in_cache_read"),
        ("5.4 mini cd Inp Gl 1M Tokens", "Azure OpenAI GPT5", "gpt-5.4-mini", "in_cache_read"),
        ("gpt-5-codex-ccchd-inp-glbl Tokens", "", "gpt-5", "in_cache_read"),
        ("gpt-4o-aud-1217 Outp glbl Tokens", "", "gpt-4o-audio-preview", "out_audio"),
        ("gpt-4o-aud-1217-txt Inp glbl Tokens", "", "gpt-4o-audio-preview", "in_text"),
        ("gpt4omini-rt-aud1217 cchd Inp glbl Tokens", "", "gpt-4o-mini-realtime-preview",
         "in_audio_cached"),
        ("gpt4o realtimePrvw text outp glbl Tokens", "", "gpt-4o-realtime-preview", "out_text"),
        ("gpt-image-1-inp-img-glbl Tokens", "", "gpt-image-1", "in_image"),
        ("gpt-image-1-output-img-glbl Tokens", "", "gpt-image-1", "out_image"),
        ("gpt-35-turbo16K-0125 Inp-glbl Tokens", "", "gpt-3.5-turbo-16k", "in_text"),
        ("gpt-4-8K-Outp-glbl Tokens", "", "gpt-4", "out_text"),
        ("gpt-4o-0513 Inp glbl Tokens", "", "gpt-4o-2024-05-13", "in_text"),
        ("chat-latest 05282026 opt Gl 1M Tokens", "", "gpt-chat-latest", "out_text"),
        ("gpt-4o-0806-FT-outp-glbl Tokens", "", "ft:gpt-4o", "out_text"),
        ("V4 Flash cached glbl Tokens", "Azure Deepseek Models", "deepseek-v4-flash",
         "in_cache_read"),
        ("Image 2 Output glbl Tokens", "MAI Models", "mai-image-2", "out_image"),
        ("Claude Sonnet 4.5 Outp glbl Tokens", "", "claude-sonnet-4-5", "out_text"),
        ("Claude Opus 4.6 cache write Inp glbl Tokens", "", "claude-opus-4-6",
         "in_cache_write_other"),
        ("Sora 2 dzone Second", "Azure OpenAI Media", "sora-2", "video_seconds"),
        ("Speech-Text to Speech-global Characters", "", "speech-text-to-speech", "characters"),
        ("Azure OpenAI Code-Interpreter-global Session", "", "code-interpreter", "tool_sessions"),
    ],
)  # fmt: skip
def test_other_spellings_say_the_same(name: str, product: str, model: str, counts: str) -> None:
    meter = parse_meter(name, product)

    assert (meter.model, meter.token_class or meter.counter) == (model, counts)
    assert meter.is_known


@pytest.mark.parametrize(
    ("name", "deployment"),
    [
        ("Provisioned Managed Global Unit", "global"),
        ("Provisioned Managed Data Zone Unit", "data zone"),
        ("Provisioned Managed Regional Unit", "regional"),
    ],
)
def test_provisioned_throughput_is_sold_by_the_hour_for_any_model(
    name: str, deployment: str
) -> None:
    assert parse_meter(name) == Meter(service_tier="provisioned", deployment=deployment)


@pytest.mark.parametrize(
    "name",
    ["gpt-4o-0806-FT-Hstng-glbl Unit", "gpt 4o dev ft training glbl Tokens"],
)
def test_hosting_and_training_are_known_and_count_no_tokens_of_calls(name: str) -> None:
    meter = parse_meter(name)

    assert (meter.model, meter.token_class, meter.counter) == ("ft:gpt-4o", "", "")
    assert meter.is_known


@pytest.mark.parametrize("name", ["Zephyr Tokens", "Inp glbl Tokens", ""])
def test_a_name_that_tells_no_model_or_no_direction_is_flagged(name: str) -> None:
    assert not parse_meter(name).is_known


@pytest.mark.parametrize(
    ("unit", "block"),
    [
        ("1K", 1000),
        ("1M", 10**6),
        ("1 ", 1),
        ("1000", 1000),
        ("1K Tokens", 1000),
        ("1/Hour", None),
        ("", None),
    ],
)
def test_a_unit_of_measure_is_a_block_of_pieces_or_none(unit: str, block: int | None) -> None:
    assert block_of(unit) == block


def test_blocks_agree_with_microsofts_price_sheet() -> None:
    with shared_data("finops-toolkit/PricingUnits.csv").open(encoding="utf-8-sig") as file:
        units = [row for row in csv.DictReader(file) if row["DistinctUnits"] == "Units"]

    differing = {
        row["UnitOfMeasure"]
        for row in units
        if block_of(row["UnitOfMeasure"]) != int(row["PricingBlockSize"])
    }
    # Units of something, or of nothing: no tokens are sold by them.
    assert differing == {
        "1 Database Unit", "1 Database Units (DU)", "10 Database Unit", "10 Database Units (DU)",
        "1 Messaging Unit", "Unassigned", "Unit", "Units", "100000000 Operation Units",
    }  # fmt: skip
