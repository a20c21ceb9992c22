"""What an experiment cost, said in sentences: the whole, and one result of its work."""

from budgets.queries.initiative_cost import InitiativeCost
from budgets.sentences import amount, long_day
from ingestion.queries.economics import Evidence
from org.templatetags.figures import percent, unit_usd, usd, whole


def cost_sentence(found: InitiativeCost) -> str:
    """Say what was spent so far, how often a day passed its cap, and what is not known."""
    if found.initiative.cost_object is None:
        return "It was never approved, so it has no calls of its own and no cost."
    if not found.days:
        return f"It starts on {long_day(found.initiative.starts_on)}: nothing is spent yet."
    days = f"{whole(len(found.days))} {'day' if len(found.days) == 1 else 'days'}"
    said = [f"{amount(found.spent_usd)} in {days}.", _past(found)]
    if found.unknown_days:
        many = found.unknown_days != 1
        said.append(
            f"Of {whole(found.unknown_days)} {'days' if many else 'day'} nothing is known:"
            " the ledger does not reach them yet."
        )
    if found.unpriced_calls:
        said.append(
            f"{whole(found.unpriced_calls)} calls have no price: their cost is unknown and in"
            " no figure here."
        )
    return " ".join(said)


def _past(found: InitiativeCost) -> str:
    past = found.past_cap
    if not past:
        return "No day passed its cap."
    worst = max(past, key=lambda day: day.spent_usd or 0)
    times = "One day" if len(past) == 1 else f"{whole(len(past))} days"
    return (
        f"{times} passed the cap, the dearest on {long_day(worst.day)} with"
        f" {usd(worst.spent_usd)} against {usd(worst.cap_usd)}."
    )


def outcome_sentence(found: InitiativeCost) -> str:
    """Say what one result of the experiment's work cost, or why nobody knows."""
    source = found.initiative.outcome_source
    if not source:
        return "No source of outcomes is named, so nobody knows what a result costs."
    if found.definition is None:
        return (
            f"Its outcomes are to come from “{source}”, which is no definition of outcomes here,"
            " so nobody knows what a result costs."
        )
    row = found.economics
    if row is None:
        return "What a result of its work costs is told to those who see its definition."
    now, work = row.now, row.terms.unit_of_work
    if now.evidence == Evidence.NONE:
        return f"No successful {work} is known of these days, so one has no cost."
    rests = f"from {whole(now.counts.succeeded)} that succeeded"
    if now.evidence == Evidence.THIN:
        rests = f"{rests}: too few to rely on"
    return (
        f"One successful {work} cost {unit_usd(now.per_outcome_usd)}, {rests};"
        f" outcomes are known of {percent(now.counts.coverage)} of the days."
    )
