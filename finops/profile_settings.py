"""The settings of a profile that can be decided otherwise: from where each comes, how it is typed.

A value is read from what a person types and written back the same way, shares in percent.
"""

import re
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from finops.profiles import (
    AllocationLevel,
    Deciders,
    Enforcement,
    FirstAction,
    MarginWindows,
    Profile,
    Shown,
    StoreFailure,
    Tier,
)

NONE = "none"
_PLAIN = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")
# Scattering by half of the mean squared is what planning literature calls erratic demand.
HIGHEST_CV = Decimal("0.70")


class BadSetting(ValueError):
    """A text that is no value of the setting; the message is for the person who typed it."""


class Origin(StrEnum):
    """Which of the two answers presets a setting."""

    SIZE = "size"
    MARGIN = "margin"
    BOTH = "both"


class Kind(Protocol):
    """How values of a setting are read and written."""

    def read(self, text: str) -> Any: ...
    def write(self, value: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of one, typed in percent."""

    low: Decimal
    high: Decimal

    def read(self, text: str) -> Decimal:
        typed = text.strip().removesuffix("%").rstrip()
        return _number(typed, low=self.low, high=self.high, noun="percentage") / 100

    def write(self, value: Decimal) -> str:
        return _written(value * 100)


@dataclass(frozen=True, slots=True)
class Number:
    """A number with up to four decimals."""

    low: Decimal
    high: Decimal

    def read(self, text: str) -> Decimal:
        return _number(text.strip(), low=self.low, high=self.high, noun="number")

    def write(self, value: Decimal) -> str:
        return _written(value)


class Usd(Number):
    """An amount of dollars."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A count of `noun`, such as days."""

    low: int
    high: int
    noun: str

    def read(self, text: str) -> int:
        typed = text.strip().removesuffix(self.noun).rstrip()
        if not (typed.isascii() and typed.isdecimal() and self.low <= int(typed) <= self.high):
            raise BadSetting(
                f"“{text}” is no whole number of {self.noun} from {self.low} to {self.high}."
            )
        return int(typed)

    def write(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class OrNone:
    """Another kind, or “none” where there is no such limit."""

    kind: Number | Percent

    def read(self, text: str) -> Decimal | None:
        return None if text.strip().lower() == NONE else self.kind.read(text)

    def write(self, value: Decimal | None) -> str:
        return NONE if value is None else self.kind.write(value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    choices: type[StrEnum]

    def read(self, text: str) -> StrEnum:
        try:
            return self.choices(text.strip())
        except ValueError as error:
            raise BadSetting(f"“{text}” is none of {', '.join(self.choices)}.") from error

    def write(self, value: StrEnum) -> str:
        return value.value


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in `Profile`, which answer presets it, how it is typed."""

    name: str
    origin: Origin
    kind: Kind

    def of(self, profile: Profile) -> Any:
        return getattr(profile, self.name)


def _number(typed: str, *, low: Decimal, high: Decimal, noun: str) -> Decimal:
    if _PLAIN.fullmatch(typed) is None or not low <= Decimal(typed) <= high:
        raise BadSetting(
            f"“{typed}” is no {noun} from {_written(low)} to {_written(high)}"
            " with at most four decimals."
        )
    return Decimal(typed)


def _written(value: Decimal) -> str:
    return f"{value.normalize():f}"


_SHARE = Percent(Decimal(0), Decimal(100))
_DAYS = Whole(1, 366, "days")
_UP_TO_A_MILLION_USD = Usd(Decimal("0.01"), Decimal(1_000_000))
SETTINGS: dict[str, Setting] = {
    name: Setting(name, origin, kind)
    for name, origin, kind in (
        ("enforcement", Origin.SIZE, OneOf(Enforcement)),
        ("developer_daily_cap_usd", Origin.SIZE, OrNone(_UP_TO_A_MILLION_USD)),
        ("developer_alert_p99", Origin.SIZE, OrNone(Number(Decimal(1), Decimal(100)))),
        ("org_cap_of_cash", Origin.SIZE, OrNone(_SHARE)),
        ("store_failure", Origin.BOTH, OneOf(StoreFailure)),
        ("override_deciders", Origin.SIZE, OneOf(Deciders)),
        ("override_hours", Origin.SIZE, Whole(1, 24, "hours")),
        ("pool_share", Origin.BOTH, _SHARE),
        ("pool_overbooking", Origin.SIZE, Number(Decimal(1), Decimal(2))),
        ("experiment_days", Origin.SIZE, _DAYS),
        ("extension_days", Origin.SIZE, Whole(0, 366, "days")),
        ("cv_limit", Origin.SIZE, Number(Decimal("0.01"), HIGHEST_CV)),
        ("data_lag_days", Origin.SIZE, Whole(0, 31, "days")),
        ("allocation_level", Origin.SIZE, OneOf(AllocationLevel)),
        ("allocation_target", Origin.SIZE, _SHARE),
        ("runway_line", Origin.SIZE, OneOf(Shown)),
        ("gm_floor", Origin.MARGIN, _SHARE),
        ("margin_windows", Origin.MARGIN, OneOf(MarginWindows)),
        ("first_action", Origin.MARGIN, OneOf(FirstAction)),
        ("roi_hurdle", Origin.MARGIN, Percent(Decimal(0), Decimal(1000))),
        ("avoidable_limit", Origin.MARGIN, _SHARE),
        ("default_tier", Origin.MARGIN, OneOf(Tier)),
        ("waiver_quarters", Origin.MARGIN, Whole(0, 2, "quarters")),
    )
}
# What follows from the two answers and is no decision of its own.
DERIVED = frozenset(spec.name for spec in fields(Profile)) - SETTINGS.keys()
