"""Columns of billing exports are found by name, however they are spelled and nested."""

import json

import pytest

from ingestion.readers.contract import Chunk, Refused
from ingestion.readers.exports import check_columns, export_texts, named, plain

SPELLINGS = {
    "kind": ("line_item_usage_type",),
    "sku": ("sku.description",),
    "cost": ("CostInBillingCurrency", "Cost"),
    "tags": ("tags",),
}


def csv_of(text: str) -> Chunk:
    header, _, rows = text.partition("\n")
    return Chunk(rows.encode(), header.encode(), "csv", 2)


def ndjson_of(*values: object) -> Chunk:
    return Chunk("".join(f"{json.dumps(value)}\n" for value in values).encode(), b"", "ndjson", 1)


@pytest.mark.parametrize(
    "name", ["lineItem/UsageType", "line_item_usage_type", "LineItemUsageType"]
)
def test_a_name_has_many_spellings(name: str) -> None:
    assert plain(name) == "lineitemusagetype"
    assert export_texts(csv_of(f"{name},x\na,b"), SPELLINGS).columns["kind"].to_pylist() == ["a"]


def test_nested_and_flat_names_are_one() -> None:
    nested = ndjson_of({"sku": {"description": "a"}}, {"sku_description": "b"}, {"sku": "c"})

    texts = export_texts(nested, SPELLINGS)

    assert texts.columns["sku"].to_pylist() == ["a", "b", ""]


def test_the_preferred_column_is_taken_where_there_are_two() -> None:
    flat = csv_of("Cost,CostInBillingCurrency\n1,2")
    nested = ndjson_of({"costInBillingCurrency": 2.50, "cost": 1}, {"cost": 3})

    assert export_texts(flat, SPELLINGS).columns["cost"].to_pylist() == ["2"]
    assert export_texts(nested, SPELLINGS).columns["cost"].to_pylist() == ["2.5", "3"]


def test_bags_stay_json_and_missing_columns_are_empty() -> None:
    chunk = ndjson_of({"tags": {"a": "b"}}, {"tags": '{"c": 1}'}, {"tags": [["d", "e"]]}, {})

    texts = export_texts(chunk, SPELLINGS, bags=("tags",))

    assert texts.columns["tags"].to_pylist() == ['{"a": "b"}', '{"c": 1}', '[["d", "e"]]', ""]
    assert texts.columns["kind"].to_pylist() == [""] * 4


def test_a_list_where_a_text_belongs_is_a_problem() -> None:
    texts = export_texts(ndjson_of({"cost": [1]}, {"cost": 2}), SPELLINGS)

    assert texts.lines.tolist() == [2]
    assert [(problem.line, problem.field) for problem in texts.problems] == [(1, "cost")]


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(Refused, match="'SkuDescription' stands twice"):
        export_texts(csv_of("SkuDescription,sku.description\na,b"), SPELLINGS)


def test_a_missing_column_is_named_as_the_export_calls_it() -> None:
    with pytest.raises(Refused, match=r"^The bill has no column line_item_usage_type or sku\.desc"):
        check_columns(csv_of("Cost\n1"), SPELLINGS, ("kind", "sku", "cost"), "The bill")


@pytest.mark.parametrize(
    ("head", "is_named"),
    [
        (b'"Cost";sku.description\n', True),
        (b"Cost;sku\n", False),
        (b"Cost;SKU.Description\n1;x", True),
        (b"sku_description\tcost\n", True),
        (b'{"sku": {"description": "x"}, "skuDescription": 1, "cost": 2}', True),
        (b"note\nCost,sku.description\n", False),
    ],
)
def test_a_start_is_known_by_all_of_its_columns(head: bytes, *, is_named: bool) -> None:
    assert named(head, ("Cost", "sku.description", "cost")) is is_named
