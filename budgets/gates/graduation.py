"""Gate 5: core graduation, proposed as a journal that sums to nothing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets.gate_lifecycle import LAST_GATE
from budgets.gates.graduation_figures import measures_at
from budgets.gates.rule import (
    Ask,
    GateRule,
    Gathered,
    Inputs,
    Kind,
    Measures,
    Signer,
    Window,
    number_in,
)
from budgets.graduation_sentences import journal_sentence
from budgets.models import Initiative
from budgets.queries.graduation import (
    contingencies,
)
from finops.gates.criteria import Judgement
from finops.gates.graduation import Needed, Proposed, Rechecked, judge_graduation
from finops.graduation import Funding
from org.models import Role, Unit
from org.queries.calendar import reporting_today

FUNDINGS = (
    (Funding.TRANSFER.value, "What the experiment has left, then the contingency"),
    (Funding.RELEASE_ONLY.value, "The contingency; what is left returns to the pool"),
    (Funding.POOL_PERMANENT.value, "The pool, for good"),
)
QUERY = (
    "The passes of gates 1 to 4; gate 1 measured again over the thirty days on which gate 4 was"
    " passed, and gate 4 over its own; the experiment's account and what its calls cost until"
    " today, its daily cap for every day until core begins; the balances of the pool and of the"
    " contingency; the fiscal periods of the year."
)


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = dict(window or {"until": reporting_today(at).isoformat()})
    until = date.fromisoformat(days["until"])
    return Gathered(
        window=days,
        query=QUERY,
        measures=measures_at(initiative, inputs, until=until, at=at),
        data_status={},
    )


def _judge(measures: Measures) -> Judgement:
    journal = measures["journal"]
    return judge_graduation(
        Proposed(
            missing=measures["missing"],
            worth=_rechecked(measures["worth"]),
            baseline=_rechecked(measures["baseline"]),
            run_rate_usd=number_in(measures["run_rate_usd"]),
            released_usd=number_in(measures["released_usd"]),
            core_usd=Decimal(journal["core_usd"]) if journal else None,
            pool=_needed(journal, "free_pool_usd", "pool_has_usd"),
            contingency=_needed(journal, "contingency_usd", "contingency_has_usd"),
            sum_usd=Decimal(journal["sum_usd"]) if journal else None,
            starts_on=date.fromisoformat(measures["starts_on"]),
            day_problem=measures["day_problem"],
            unbudgeted=measures["unbudgeted"],
            split_problem=measures["split_problem"],
        )
    )


def _rechecked(found: Mapping[str, Any] | None) -> Rechecked | None:
    return None if found is None else Rechecked(passes=found["passes"], says=found["says"])


def _needed(journal: Mapping[str, str] | None, gives: str, has: str) -> Needed | None:
    if journal is None:
        return None
    return Needed(gives_usd=abs(Decimal(journal[gives])), has_usd=Decimal(journal[has]))


def _signers(inputs: Inputs) -> Sequence[Signer]:
    """Return the CFO, and the head of each department that takes it."""
    other = Unit.objects.filter(slug=inputs.get("other", "")).first()
    heads = [Signer(part="head", label="Department head", roles=(Role.GM, Role.CFO))]
    if other is not None:
        label = f"Head of {other.name}"
        heads.append(Signer(part="head-2", label=label, roles=(Role.GM, Role.CFO), unit=other))
    return (Signer(part="finance", label="CFO", roles=(Role.CFO,)), *heads)


def _budgets(initiative: Initiative) -> Sequence[tuple[str, str]]:
    return [
        (each.unit.slug, f"The reserve of {each.unit.name}")
        for each in contingencies(initiative, on=initiative.starts_on)
    ]


def _departments(initiative: Initiative) -> Sequence[tuple[str, str]]:
    units = Unit.objects.filter(retired_on__isnull=True).exclude(pk=initiative.unit_id)
    return [(unit.slug, unit.name) for unit in units.order_by("path")]


GATE = GateRule(
    number=LAST_GATE,
    name="Core graduation",
    question="May it become core, and is the money there without being counted twice?",
    gather=_gather,
    judge=_judge,
    signers=_signers,
    asks=(
        Ask(
            name="funding",
            label="Who pays",
            kind=Kind.CHOICE,
            hint="What core gains, somebody else gives: the sum is nothing.",
            required=False,
            choices=lambda _: FUNDINGS,
        ),
        Ask(
            name="starts_on",
            label="Core from",
            kind=Kind.DAY,
            hint="Without a day: the first of the next fiscal period, or the experiment's end.",
            required=False,
        ),
        Ask(
            name="contingency",
            label="Contingency",
            kind=Kind.CHOICE,
            hint="Without a choice: the nearest reserve that has it.",
            required=False,
            choices=_budgets,
        ),
        Ask(
            name="other",
            label="Second department",
            kind=Kind.CHOICE,
            hint="Where two share it: each takes what it was measured to use.",
            required=False,
            choices=_departments,
        ),
        Ask(
            name="theirs",
            label="What tells the second department's calls",
            kind=Kind.TEXT,
            hint="An attribute and its value, such as tag.team=claims.",
            required=False,
        ),
        Ask(
            name="volume_index",
            label="Volume planned for next year",
            kind=Kind.NUMBER,
            hint="As a multiple of today's: 1.2 is a fifth more.",
            required=False,
        ),
    ),
    recheck_days=30,
    stake=journal_sentence,
)
