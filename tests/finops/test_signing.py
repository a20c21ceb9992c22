"""Who signs which amount, and whose signature is missing."""

from decimal import Decimal

import pytest

from finops.profiles import Deciders
from finops.signing import PRESETS, Limit, Part, missing, parts_of, problems_of

STEPS = (
    Limit(Decimal(0), "finance", 1),
    Limit(Decimal(5000), "cfo", 1),
    Limit(Decimal(100_000), "cfo", 2),
    Limit(Decimal(100_000), "finance", 1),
)


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("0", [("finance", 1)]),
        ("4999.99", [("finance", 1)]),
        ("5000.00", [("cfo", 1)]),
        ("99999.99", [("cfo", 1)]),
        ("100000", [("cfo", 2), ("finance", 1)]),
        ("9000000", [("cfo", 2), ("finance", 1)]),
    ],
)
def test_the_highest_step_that_is_reached_says_who_signs(
    amount: str, parts: list[tuple[str, int]]
) -> None:
    assert list(parts_of(Decimal(amount), STEPS)) == [Part(*part) for part in parts]


@pytest.mark.parametrize(
    ("deciders", "amount", "signers"),
    [
        (Deciders.FOUNDER, "9000000", 1),
        (Deciders.TWO_PEOPLE, "49999.99", 1),
        (Deciders.TWO_PEOPLE, "50000", 2),
        (Deciders.TWO_AND_FINANCE, "249999.99", 1),
        (Deciders.TWO_AND_FINANCE, "250000", 3),
    ],
)
def test_the_size_of_a_company_presets_who_signs(
    deciders: Deciders, amount: str, signers: int
) -> None:
    assert sum(part.signers for part in parts_of(Decimal(amount), PRESETS[deciders])) == signers
    assert problems_of(PRESETS[deciders]) == []


@pytest.mark.parametrize(
    ("signed", "left"),
    [
        ([], [("cfo", 2), ("finance", 1)]),
        (["finance"], [("cfo", 2)]),
        (["cfo", "finance"], [("cfo", 1)]),
        (["cfo", "finance", "cfo"], []),
    ],
)
def test_what_is_missing_goes_by_role(signed: list[str], left: list[tuple[str, int]]) -> None:
    parts = (Part("cfo", 2), Part("finance", 1))

    assert list(missing(parts, signed)) == [Part(*part) for part in left]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ([(1, "cfo", 1)], "Say who signs from $0.00 on"),
        ([], "Say who signs from $0.00 on"),
        ([(0, "cfo", 0)], "From 1 to 5 people of a role sign, not 0."),
        ([(0, "cfo", 6)], "not 6"),
        ([(0, "cfo", 1), (0, "cfo", 2)], "A role stands twice from $0.00 on"),
        ([(0, "cfo", 2), (10, "cfo", 1)], "From $10.00 on fewer people sign than beneath"),
        ([(0, "cfo", 1), (-1, "cfo", 1)], "zero or more, in whole cents, not -1"),
        ([(0, "cfo", 1), ("1.001", "cfo", 1)], "in whole cents, not 1.001"),
    ],
)
def test_a_table_that_leaves_an_amount_unsigned_is_none(
    limits: list[tuple[str, str, int]], words: str
) -> None:
    rows = [Limit(Decimal(from_usd), role, signers) for from_usd, role, signers in limits]

    assert words in " ".join(problems_of(rows))
