"""What graduating moves, said in sentences: where the money comes from, why it cannot be told."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from budgets.gates.rule import Signer
from budgets.lifecycle import InitiativeState
from budgets.models import Graduation
from budgets.sentences import long_day
from finops.core_review import MOST_DEARER, PROBATION_DAYS
from org.templatetags.figures import percent, unit_usd, usd, whole


def journal_sentence(measures: Mapping[str, Any], *, verb: str = "moves") -> str:
    """Say what moves into core, from which day on and who gives it; nothing where it cannot be."""
    journal, parts = measures["journal"], measures["parts"]
    if journal is None:
        return ""
    days = sum(each["days"] for each in parts[0]["phases"])
    core = joined([part["name"] for part in parts])
    begins = long_day(date.fromisoformat(measures["starts_on"]))
    rate = usd(Decimal(measures["run_rate_usd"]))
    return (
        f"{usd(Decimal(journal['core_usd']))} {verb} into the core of {core} from {begins}:"
        f" {rate} a day for {whole(days)} day{'' if days == 1 else 's'};"
        f" {', '.join(_givers(journal, parts[0]['name']))}."
    )


def _givers(journal: Mapping[str, str], pool: str) -> list[str]:
    reserve = f"the reserve of {journal['contingency_name']}"
    found = (
        ("experiment_usd", "what the experiment has left"),
        ("free_pool_usd", f"the free money of the pool of {pool}"),
        ("contingency_usd", reserve if journal["contingency_name"] else "a reserve nobody has"),
    )
    given = [(-Decimal(journal[name]), who) for name, who in found]
    return [f"{usd(amount)} from {who}" for amount, who in given if amount]


def why_no_journal(measures: Mapping[str, Any]) -> str:
    """Say why evidence makes no journal; nothing where it makes one."""
    if measures["journal"] is not None:
        return ""
    if measures["split_problem"]:
        return (
            "There is no journal yet: the two departments cannot be told apart."
            f" {measures['split_problem']}"
        )
    if measures["run_rate_usd"] is None:
        return f"There is no journal yet, because no run rate is known. {_no_rate(measures)}"
    if Decimal(measures["run_rate_usd"]) <= 0:
        return "There is no journal: over the days of the baseline it cost nothing."
    return (
        "There is no journal yet: calls without a price are among the experiment's days, so"
        " nobody can say what it has left."
    )


def _no_rate(measures: Mapping[str, Any]) -> str:
    baseline = measures["baseline"]
    if baseline is None:
        return "Gate 4 was never passed."
    return str(baseline["says"])


def released_sentence(measures: Mapping[str, Any]) -> str:
    """Say what the experiment has left, and what that is made of."""
    allocation, actual, pending, left = (
        None if measures[f"{name}_usd"] is None else Decimal(measures[f"{name}_usd"])
        for name in ("allocation", "actual", "pending", "released")
    )
    if allocation is None or actual is None or pending is None or left is None:
        return "What the experiment has left is not known: some of its calls have no price."
    begins = long_day(date.fromisoformat(measures["starts_on"]))
    return (
        f"{usd(left)} is left of the experiment: {usd(allocation)} allotted, less {usd(actual)}"
        f" used so far and {usd(pending)} that it may still use until {begins}."
    )


def past_sentence(measures: Mapping[str, Any]) -> str:
    """Say whose the days before are, and what becomes of rows that come late."""
    begins = long_day(date.fromisoformat(measures["starts_on"]))
    return (
        f"Past spend is not re-classified: what was used before {begins} stays the experiment's,"
        " also where it is told of later."
    )


def worth_sentence(measures: Mapping[str, Any]) -> str:
    """Say what gate 1 measures on the actual figures of the baseline's days."""
    found = measures["worth"]
    if found is None:
        return "Gate 1 has not passed, so nothing was measured again over the baseline's days."
    verdict = "Gate 1 still passes" if found["passes"] else "Gate 1 does not pass"
    if found["unit_usd"] is None:
        figures = "what a result costs is not known"
    else:
        outcomes, ai_usd = Decimal(found["outcomes"]), Decimal(found["ai_usd"])
        figures = (
            f"{whole(int(outcomes))} results for {usd(ai_usd)},"
            f" {unit_usd(Decimal(found['unit_usd']))} each"
        )
    said = f"{verdict} on the actual figures of the baseline's days: {figures}. {found['says']}"
    return said.strip()


def baseline_sentence(measures: Mapping[str, Any]) -> str:
    """Say over which days the run rate was measured."""
    found = measures["baseline"]
    if found is None or found["from"] is None or measures["run_rate_usd"] is None:
        return ""
    first, end = (date.fromisoformat(found[name]) for name in ("from", "until"))
    return (
        f"{usd(Decimal(measures['run_rate_usd']))} a day, measured from {long_day(first)} until"
        f" {long_day(end)}."
    )


def next_year_sentence(measures: Mapping[str, Any], *, volume_index: Decimal) -> str:
    """Say what the year after begins with, at the planned volume."""
    if measures["journal"] is None:
        return ""
    volume = f" times {volume_index:f}, the volume planned for it" if volume_index != 1 else ""
    return (
        f"FY{measures['fiscal_year'] + 1} begins with {usd(Decimal(measures['next_year_usd']))}:"
        f" {usd(Decimal(measures['run_rate_usd']))} for each of its days{volume}."
    )


def graduation_sentence(graduation: Graduation) -> str:
    """Say which state a signed graduation is in, and what was signed."""
    begins = long_day(graduation.starts_on)
    signed = journal_sentence(graduation.evidence.measures, verb="moved")
    match graduation.initiative.state:
        case InitiativeState.GRADUATING:
            return f"Signed: it enters core on {begins}. {signed}"
        case InitiativeState.CORE:
            return f"In core since {begins}. {signed}"
        case InitiativeState.PROBATION:
            return f"On probation; in core since {begins}. {signed}"
    return f"It was in core from {begins} on. {signed}"


def what_happens_next(graduation: Graduation, *, lag_days: int) -> list[str]:
    """Say what follows from a signed graduation, and what has followed."""
    initiative, begins = graduation.initiative, long_day(graduation.starts_on)
    return [
        f"Until {begins} it runs as an experiment under its cap: {usd(initiative.cap_usd)} in all,"
        f" {usd(initiative.daily_cap_usd)} a day."
        if initiative.state == InitiativeState.GRADUATING
        else f"From {begins} on its calls are booked to core, those before stay the experiment's.",
        f"{usd(graduation.released_usd)} that the experiment did not use went back to the pool."
        if graduation.released_usd is not None
        else "What the experiment does not use goes back to the pool once its last days are final,"
        f" {lag_days} day{'' if lag_days == 1 else 's'} after {begins}.",
        _reviewed(graduation),
        "Gates 1 to 3 are checked again in core, each on its day.",
    ]


def _reviewed(graduation: Graduation) -> str:
    then = (
        f"puts it on probation for {PROBATION_DAYS} days; where it does not recover, it is demoted"
        " to an experiment and core gives back the money of the days that are left."
    )
    if graduation.unit_usd is None:
        return f"Each fiscal month is reviewed; a margin below its floor for two in a row {then}"
    most = graduation.unit_usd * (1 + MOST_DEARER)
    return (
        f"Each fiscal month is reviewed against {unit_usd(graduation.unit_usd)} for a result: more"
        f" than {percent(MOST_DEARER)} above it ({unit_usd(most)}), or a margin below its"
        f" floor, for two in a row {then}"
    )


def joined(names: Sequence[str]) -> str:
    """Name one thing, or several with an “and” before the last."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def who_signs(signers: Sequence[Signer]) -> str:
    """Say who has to sign gate 5, and who of them cannot."""
    named = joined([signer.in_words for signer in signers])
    return (
        f"The {named}. Each is another person, and none of them asked for the experiment, gathered"
        " this evidence or signed gate 1."
    )
