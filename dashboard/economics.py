"""Unit economics in words: the sentence of a page, and how each figure is computed."""

from dashboard.windows import Window
from ingestion.queries.economics import Economics, Evidence
from ingestion.queries.outcomes import CountSource
from org.templatetags.figures import percent, unit_usd, usd, whole

TOLD_BY = {
    CountSource.NONE: "nothing is told of its outcomes",
    CountSource.RECORDS: "told one by one",
    CountSource.TYPED: "counted by hand for whole periods",
    CountSource.BOTH: "told one by one, and counted by hand for some periods",
}
Rung = tuple[str, str, str]


def sentence_of(row: Economics, window: Window) -> str:
    """Say what one result costs, on how much evidence."""
    now, work = row.now, row.terms.unit_of_work
    if now.evidence == Evidence.NONE:
        return (
            f"{usd(now.cost.usd)} was spent in {window.name}; no outcomes yet, so one "
            f"{work} has no cost."
        )
    said = f"In {window.name} one successful {work} cost {unit_usd(now.per_outcome_usd)}"
    if now.evidence == Evidence.THIN:
        tasks = row.tasks
        spread = (
            f"; single tasks cost {unit_usd(tasks.p50_usd)} in the middle and up to "
            f"{unit_usd(tasks.p90_usd)} for nine of ten"
            if tasks.n
            else ""
        )
        return f"{said}, from {whole(now.counts.succeeded)} alone: too few to rely on{spread}."
    return f"{said}, from {whole(now.counts.succeeded)} that succeeded."


def ladder_of(row: Economics) -> list[Rung]:
    """Return each figure with its value and what it is made of, from the ledger upwards."""
    return [*_money(row), *_tasks(row), *_results(row)]


def _money(row: Economics) -> list[Rung]:
    now = row.now
    unpriced = now.cost.unpriced_calls
    rungs = [
        (
            "Cost of the work",
            usd(now.cost.usd),
            (
                f"effective cost of {whole(now.cost.calls)} calls of its workflows, whoever pays "
                "for them, retries and failures among them"
            ),
        )
    ]
    rungs += [
        (f"of which {status.label.lower()}", usd(amount), "by cost status")
        for status, amount in now.cost.statuses.items()
    ]
    if unpriced:
        rungs.append(
            ("Unpriced calls", whole(unpriced), "their cost is unknown and in no figure here")
        )
    return rungs


def _tasks(row: Economics) -> list[Rung]:
    tasks = row.tasks
    return [
        (
            "Spend that names a task",
            percent(tasks.coverage),
            f"{usd(tasks.named_usd)} of {usd(tasks.named_usd + tasks.unnamed_usd)}, as first rated",
        ),
        (
            "Tasks that calls name",
            whole(tasks.tasks),
            f"{whole(tasks.unpriced_tasks)} of them with a call without a price",
        ),
    ]


def _results(row: Economics) -> list[Rung]:
    now, counts = row.now, row.now.counts
    rungs = [
        (
            "Days whose outcomes are known",
            percent(counts.coverage),
            f"{counts.known_days} of {counts.days} days, {TOLD_BY[counts.source]}",
        ),
        (
            "Cost of those days",
            usd(now.known_cost.usd),
            "this is divided, so that days without a count make nothing dearer",
        ),
        (
            "Per outcome",
            unit_usd(now.per_outcome_usd),
            f"{usd(now.known_cost.usd)} divided by {whole(counts.succeeded)}",
        ),
    ]
    if now.loaded_usd is not None:
        rungs.append(
            (
                "Loaded, per outcome",
                unit_usd(now.loaded_per_outcome_usd),
                (
                    f"{usd(now.loaded_usd)} with review of {whole(counts.started)} tasks, rework "
                    f"of {whole(counts.failed)} and the platform, divided by "
                    f"{whole(counts.succeeded)}"
                ),
            )
        )
    return rungs
