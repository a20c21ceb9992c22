"""Sentences about work in core: what was judged, what follows, what it costs now."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from budgets.models import CoreReview, Initiative, TrueUp
from finops.core_review import Reason
from finops.demotion import Demoted
from org.templatetags.figures import day as written_day
from org.templatetags.figures import percent, unit_usd, usd

ZERO = Decimal(0)
_WHY: dict[Reason, str] = {
    Reason.DEARER: "a result cost more than a quarter above its baseline",
    Reason.THIN_MARGIN: "the margin lay below its floor",
    Reason.NO_RESULTS: "no results are told",
    Reason.RESULTS_MISSING: "results of some days are missing",
    Reason.UNPRICED: "some calls have no price",
    Reason.NO_BASELINE: "at graduation nobody knew what a result cost",
    Reason.MARGIN_UNKNOWN: "the margin is not known",
}


def reasons_in_words(reasons: Sequence[str]) -> str:
    """Return why a month is what it was judged, as a clause; nothing where all limits hold."""
    return ", and ".join(_WHY[Reason(each)] for each in reasons)


def change_in_words(share: Decimal | None) -> str:
    """Write by how much a result is dearer: +31.0%, −4.0%."""
    if share is None:
        return "–"
    return f"+{percent(share)}" if share > 0 else percent(share)


def beside_baseline(share: Decimal) -> str:
    """Say by how much a result is dearer or cheaper than over the baseline."""
    text = percent(abs(share))
    if text == percent(ZERO):
        return "as over the baseline"
    return f"{text} {'more' if share > 0 else 'less'} than over the baseline"


def review_sentence(review: CoreReview) -> str:
    """Say how a month was judged, in one sentence that begins with its name."""
    why = reasons_in_words(review.reasons)
    if review.verdict == CoreReview.Verdict.UNKNOWN:
        return f"{review.label} is not known: {why}."
    if review.verdict == CoreReview.Verdict.GOOD:
        return f"{review.label} was good{f', though {why}' if why else ''}."
    dearer = f" ({change_in_words(review.dearer)})" if review.dearer is not None else ""
    return f"{review.label} was bad: {why}{dearer}."


def probation_reason(bad: Sequence[CoreReview]) -> str:
    """Say which months put work on probation."""
    return " ".join(review_sentence(each) for each in bad)


def late_days_reason(days: Sequence[date]) -> str:
    told = ", ".join(written_day(each) for each in days)
    return f"By late data its baseline was above the daily cap on {told}."


def judged_sentence(
    reasons: Sequence[str], *, unit: Decimal | None, dearer: Decimal | None, over: int
) -> str:
    """Say what the days of a probation were."""
    told = []
    if over:
        told.append(f"on {over} day{'' if over == 1 else 's'} it cost more than its daily cap")
    if unit is not None and dearer is not None:
        told.append(f"a result cost {unit_usd(unit)}, {beside_baseline(dearer)}")
    why = reasons_in_words([each for each in reasons if each != Reason.DEARER])
    told += [why] if why else []
    return f"Over the days of the probation {'; '.join(told) or 'nothing is known'}."


def demotion_sentence(initiative: Initiative, demoted: Demoted) -> str:
    """Say what is given back, to whom, and what the experiment may do."""
    since = f"From {written_day(demoted.on)} on it is an experiment again."
    if demoted.why_nothing:
        return f"{since} {demoted.why_nothing} {_blocked(demoted)}"
    back = (
        f"Core gives back {usd(demoted.back_usd)}: {usd(demoted.to.contingency_usd)} to the"
        f" contingency and {usd(demoted.to.pool_usd)} to the pool of {initiative.unit}."
    )
    if not demoted.allotment_usd:
        return f"{since} {back} {_blocked(demoted)}"
    return (
        f"{since} {back} Of the pool it may spend {usd(demoted.allotment_usd)} until"
        f" {written_day(demoted.ends_on)}."
    )


def true_up_sentence(row: TrueUp, *, why_not: str = "") -> str:
    """Say how the run rate moved, and what came of it."""
    moved = (
        f"By late data the days of the baseline cost {usd(row.run_rate_usd)} a day, not"
        f" {usd(row.before_usd)} ({change_in_words(row.drift)})."
    )
    if row.state == TrueUp.State.NOTED:
        return f"{moved} {why_not or 'That is too little to move money.'}"
    size = usd(abs(row.core_usd))
    gains = row.core_usd > 0
    if row.state == TrueUp.State.OPEN:
        does = f"{size} are to move {'into core' if gains else 'out of core'} and cannot yet."
        return f"{moved} {does} {why_not}"
    way = "got" if gains else "gave back"
    return f"{moved} Core {way} {size} from {written_day(row.starts_on)} on."


def _blocked(demoted: Demoted) -> str:
    return (
        f"There is no money for it: its calls are blocked from {written_day(demoted.on)} on and it"
        f" ends on {written_day(demoted.ends_on)}; ask for a new experiment to go on."
    )
