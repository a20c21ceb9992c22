"""The pipeline of experiments at first sight, in a sentence."""

from collections.abc import Sequence
from decimal import Decimal

from budgets.lifecycle import IN_CORE, InitiativeState
from budgets.queries.pipeline import STUCK_DAYS, Card, Stage
from budgets.sentences import amount
from org.templatetags.figures import whole

ZERO = Decimal(0)


def pipeline_sentence(stages: Sequence[Stage]) -> str:
    """Say how many run and on how much money, and what waits, is blocked or is stuck."""
    cards = [card for stage in stages for card in stage.cards]
    running = [card for card in cards if card.standing.is_running]
    return " ".join([_money(running), _attention(cards)]).strip()


def _money(running: Sequence[Card]) -> str:
    if not running:
        return "No experiment runs."
    spent = sum((card.standing.spent_usd for card in running), ZERO)
    caps = sum((card.standing.initiative.cap_usd for card in running), ZERO)
    month = sum((card.month_usd for card in running), ZERO)
    verb = "experiment runs" if len(running) == 1 else "experiments run"
    return (
        f"{whole(len(running))} {verb}: {amount(spent)} of {amount(caps)} spent,"
        f" {amount(month)} of it in the last 30 days."
    )


def _attention(cards: Sequence[Card]) -> str:
    decisions = [c for c in cards if c.standing.initiative.state == InitiativeState.REQUESTED]
    in_core = [card for card in cards if card.standing.initiative.state in IN_CORE]
    signatures = [card for card in cards if card.waits_for.endswith("to sign")]
    said = [
        f"{whole(len(found))} {one if len(found) == 1 else many}"
        for found, one, many in (
            (in_core, "runs in core", "run in core"),
            (decisions, "waits for a decision", "wait for a decision"),
            (signatures, "waits for signatures", "wait for signatures"),
            ([card for card in cards if card.is_blocked], "is blocked", "are blocked"),
            (
                [card for card in cards if card.is_stuck],
                f"is stuck for more than {STUCK_DAYS} days",
                f"are stuck for more than {STUCK_DAYS} days",
            ),
        )
        if found
    ]
    return f"{', '.join(said)}." if said else ""
