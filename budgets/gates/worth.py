"""Gate 1: unit-economic return, out of the results that were told and what the calls cost."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

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
from budgets.gates.worth_figures import CUSTOMER, figures_of, offered_definitions
from budgets.gates.worth_moves import moved_since
from budgets.models import Initiative
from budgets.queries.waivers import floor_on
from finops.gates.criteria import Judgement
from finops.gates.worth import (
    CustomerWork,
    InternalWork,
    Known,
    judge_customer,
    judge_internal,
)
from finops.periods import ONE_DAY, Period
from org.models import Role
from org.queries.calendar import reporting_today
from org.queries.profile import profile_on

WINDOW_DAYS = 30
FLAT = "flat"
QUERY = (
    "Results of the definition by reporting day, typed months before single records; effective"
    " cost of its cost objects, of all departments, by unit days, metered; the cost of each task"
    " out of its calls as first rated; revenue and other costs of the product, where customers pay,"
    " and the floor that a waiver leaves it."
)


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = window or _window(initiative, at=at)
    period = Period(date.fromisoformat(days["from"]), date.fromisoformat(days["until"]))
    profile = profile_on(period.end).profile
    figures = figures_of(initiative, inputs, period=period)
    floor = floor_on(figures.product, day=period.end) if figures.product else None
    return Gathered(
        window=days,
        query=QUERY,
        measures={
            **figures.measures,
            "is_flat": inputs.get("pricing") == FLAT,
            "hurdle": f"{profile.roi_hurdle:f}",
            "target": f"{profile.gm_target:f}",
            "floor": f"{floor.share if floor else profile.gm_floor:f}",
            **({"waived_from": f"{floor.full:f}"} if floor and floor.waiver else {}),
        },
        data_status=figures.data_status,
    )


def _window(initiative: Initiative, *, at: datetime) -> Window:
    """Return the last thirty days that are final by the company's profile."""
    today = reporting_today(at)
    until = today - timedelta(days=profile_on(today).profile.data_lag_days)
    start = min(max(initiative.starts_on, until - timedelta(days=WINDOW_DAYS)), until - ONE_DAY)
    return {"from": start.isoformat(), "until": until.isoformat()}


def _judge(measures: Measures) -> Judgement:
    known = Known(
        outcomes=number_in(measures["outcomes"]),
        coverage=number_in(measures["coverage"]),
        unpriced_calls=measures["unpriced_calls"],
        is_projection=measures["is_projection"],
    )
    if measures["kind"] != CUSTOMER:
        return judge_internal(known, _internal(measures))
    return judge_customer(known, _customer(measures))


def _internal(measures: Measures) -> InternalWork:
    return InternalWork(
        benefit_usd=number_in(measures["benefit_usd"]),
        cost_usd=number_in(measures["cost_usd"]),
        hurdle=Decimal(measures["hurdle"]),
        human_usd=number_in(measures["human_usd"]),
    )


def _customer(measures: Measures) -> CustomerWork:
    return CustomerWork(
        price_usd=number_in(measures["price_usd"]),
        other_usd=number_in(measures["other_usd"]),
        p50_usd=number_in(measures["p50_usd"]),
        p90_usd=number_in(measures["p90_usd"]),
        waste=Decimal(measures["waste"]),
        target=Decimal(measures["target"]),
        floor=Decimal(measures["floor"]),
        is_flat=measures["is_flat"],
        waived_from=number_in(measures.get("waived_from")),
    )


def _signers(_: Inputs) -> Sequence[Signer]:
    return (
        Signer(part="owner", label="Budget owner", roles=(Role.GM, Role.CFO), owner_too=True),
        Signer(part="finance", label="Finance partner", roles=(Role.FINANCE, Role.CFO)),
    )


def _amount(name: str, label: str, hint: str) -> Ask:
    return Ask(name=name, label=label, kind=Kind.AMOUNT, hint=hint, required=False)


GATE = GateRule(
    number=1,
    name="Unit-economic return",
    question="Is a result worth more than all it costs, on actual figures?",
    gather=_gather,
    judge=_judge,
    signers=_signers,
    asks=(
        Ask(
            name="definition",
            label="What counts as a result",
            kind=Kind.CHOICE,
            hint="A definition whose workflows are all the experiment's.",
            choices=offered_definitions,
        ),
        Ask(
            name="planned_per_month",
            label="Results planned a month",
            kind=Kind.NUMBER,
            hint="Counts only below a hundred results; what it says then is provisional.",
            required=False,
        ),
        _amount(
            "expected_task_usd",
            "Expected AI cost of a task",
            "Counts only while no task is known.",
        ),
        _amount(
            "legacy_usd_per_month",
            "Software it replaces, a month",
            "Counts from the day of its cancellation.",
        ),
        Ask(
            name="legacy_from",
            label="Cancelled from",
            kind=Kind.DAY,
            hint="The first day without the software.",
            required=False,
        ),
        _amount("build_usd_per_month", "Amortised build, a month", "Part of the cost."),
        _amount(
            "human_usd",
            "What the cheapest people ask for a result",
            "Then a result may cost no more than that.",
        ),
        _amount("price_usd", "Price of a piece", "Counts where no revenue is told."),
        _amount("other_usd", "Other costs of a piece", "Counts where no other costs are told."),
        Ask(
            name="pricing",
            label="How customers pay",
            kind=Kind.CHOICE,
            hint="A flat price has to bear twice the use as well.",
            required=False,
            choices=lambda _: (("piece", "By the piece"), (FLAT, "A flat price")),
        ),
    ),
    reapply_days=14,
    moved=moved_since,
)
