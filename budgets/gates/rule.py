"""What a gate is made of. A new one is a file with its `GATE`, and a row in the registry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from budgets.models import Initiative
from finops.gates.criteria import Judgement
from org.models import Role, Unit

# What was typed, by field; checked against `asks` before it comes here.
Inputs = Mapping[str, str]
# What ties a measurement to its days, so that it can be repeated: plain JSON.
Window = Mapping[str, str]
# Plain JSON: numbers as text, so that nothing is rounded on the way.
Measures = Mapping[str, Any]


def text_of(value: Decimal | None) -> str | None:
    """Write a number for the measures, every digit of it."""
    return None if value is None else f"{value:f}"


def number_in(text: str | None) -> Decimal | None:
    """Read a number of the measures; what could not be measured is None."""
    return None if text is None else Decimal(text)


class Kind(StrEnum):
    """What may be typed into a field."""

    TEXT = "text"
    AMOUNT = "amount"  # dollars
    NUMBER = "number"
    SHARE = "share"  # percent, kept as 0.25
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something a gate cannot know from the ledger and asks for."""

    name: str
    label: str
    kind: Kind
    hint: str = ""
    required: bool = True
    choices: Callable[[Initiative], Sequence[tuple[str, str]]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A part that must sign: a holder of one of the roles, or who answers for the experiment.

    The roles are those held in `unit`, without one in the experiment's own.
    """

    part: str
    label: str
    roles: tuple[Role, ...]
    owner_too: bool = False
    unit: Unit | None = None

    @property
    def in_words(self) -> str:
        """Return the label within a sentence: "finance partner", but "AI platform lead"."""
        first, rest = self.label[:2], self.label[1:]
        return self.label if first.isupper() else first[:1].lower() + rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was measured over which window, by which query, on data of which status."""

    window: Window
    query: str
    measures: Measures
    data_status: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """A gate.

    `gather` measures anew where it is given no window, and over the same one where it is:
    then the same ledger gives the same answer. `judge` is pure and reads nothing but the
    measures, so that anyone can judge an old evidence again. A pass lasts `recheck_days`;
    a material change ends it at once where `ends_on_change`; where `moved` says in sentences
    what moved since, between what was measured then and what is now, its day comes sooner.
    What is deferred is looked at
    again after `defer_days`, what failed is applied for again after `reapply_days`. Where a pass
    moves money, `stake` says in a sentence what.
    """

    number: int
    name: str
    question: str
    gather: Callable[[Initiative, Inputs, Window | None, datetime], Gathered]
    judge: Callable[[Measures], Judgement]
    signers: Callable[[Inputs], Sequence[Signer]]
    asks: Sequence[Ask] = ()
    recheck_days: int = 90
    defer_days: int = 14
    reapply_days: int = 0
    ends_on_change: bool = False
    moved: Callable[[Gathered, Gathered], list[str]] | None = None
    stake: Callable[[Measures], str] | None = None

    @property
    def title(self) -> str:
        return f"Gate {self.number}: {self.name}"

    @property
    def moves_money(self) -> bool:
        return self.stake is not None

    def at_stake(self, measures: Measures) -> str:
        """Say what signing these measures moves; nothing where it moves nothing."""
        return "" if self.stake is None else self.stake(measures)
