"""Material change: what makes a passed gate look again."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.money import ROUNDED, calculated_in, to_cents

MOST_TOKEN_DRIFT = Decimal("0.20")
FEWEST_TASKS = 20
MOST_NEW_PEOPLE = Decimal("0.25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What consumption depends on: the granted terms, and what the ledger shows of its use.

    `models` were called; `median_tokens` is that of a task, None where fewer than twenty
    tasks are named, for then nothing can be said.
    """

    cap_usd: Decimal
    daily_cap_usd: Decimal
    match: Sequence[str]
    models: Sequence[str]
    median_tokens: Decimal | None


@calculated_in(ROUNDED)
def material_changes(then: Configuration, now: Configuration) -> list[str]:
    """Return in sentences what changed materially since `then`, nothing where nothing did.

    A lower cap and a model no longer called change nothing that was judged; a higher cap
    and a new model do, and so does a median of tokens per task that moved by more than a
    fifth either way.
    """
    found = [
        f"The {label} was raised from ${to_cents(before):,} to ${to_cents(after):,}."
        for label, before, after in (
            ("cap", then.cap_usd, now.cap_usd),
            ("daily cap", then.daily_cap_usd, now.daily_cap_usd),
        )
        if after > before
    ]
    if sorted(then.match) != sorted(now.match):
        found.append("The conditions that tell its calls changed.")
    # Where nothing was called then, no model can be told as new.
    if then.models and (new := sorted(set(now.models) - set(then.models))):
        found.append(f"It calls {' and '.join(new)} now, which it did not before.")
    if (drift := token_drift(then.median_tokens, now.median_tokens)) is not None and abs(
        drift
    ) > MOST_TOKEN_DRIFT:
        found.append(
            f"The median task takes {now.median_tokens:,} tokens instead of"
            f" {then.median_tokens:,}: {drift:+.1%}, where {MOST_TOKEN_DRIFT:.0%} is the most."
        )
    return found


@calculated_in(ROUNDED)
def new_people(*, people: int, before: int, new: int) -> str | None:
    """Say that more than a quarter of the people who use it are new, None where they are not.

    `people` use it now, of whom `new` did not among the `before` who did then. Where nobody
    was named then, nobody can be told as new.
    """
    if not before or not people or Decimal(new) / people <= MOST_NEW_PEOPLE:
        return None
    return (
        f"{new:,} of the {people:,} people who use it did not before: {Decimal(new) / people:.1%},"
        f" where {MOST_NEW_PEOPLE:.0%} is the most."
    )


@calculated_in(ROUNDED)
def token_drift(then: Decimal | None, now: Decimal | None) -> Decimal | None:
    """Return by which share the median moved, None where it is not known on both sides."""
    if then is None or now is None or then == 0:
        return None
    return now / then - 1
