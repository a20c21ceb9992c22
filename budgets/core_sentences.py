"""Sentences about work in core: what was judged, what follows, what it costs now."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from budgets.lifecycle import InitiativeState
from budgets.models import CoreReview, Initiative, TrueUp
from budgets.queries.core_list import CoreRow
from budgets.queries.core_page import CorePage
from budgets.queries.core_renewal import Baseline, Renewal
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


def core_sentence(page: CorePage) -> str:
    """Say where a workload in core stands: its rate, its results, its last month, what follows."""
    graduation, row = page.graduation, page.row
    if row is None:
        return _not_in_core(page)
    rate = f"In core since {written_day(graduation.starts_on)}: {_rate(row)}"
    told = [f"{rate}; {_unit_cost(row, work=page.work)}."]
    if row.reviews:
        told.append(review_sentence(row.reviews[-1]))
    if row.probation is not None:
        ends, left = written_day(row.probation.ends_on), row.days_left
        days = f"{left} day{'' if left == 1 else 's'}"
        told.append(f"It is on probation until {ends}, {days} from now, and then judged.")
    elif row.reviews and row.reviews[-1].verdict == CoreReview.Verdict.BAD:
        told.append("A second bad month in a row puts it on probation.")
    return " ".join(told)


def _not_in_core(page: CorePage) -> str:
    if page.initiative.state == InitiativeState.GRADUATING:
        return (
            f"It enters core on {written_day(page.graduation.starts_on)}, at"
            f" {usd(page.graduation.run_rate_usd)} a day."
        )
    return f"It is in core no more: it is {page.initiative.get_state_display().lower()}."


def _rate(row: CoreRow) -> str:
    signed = f"{usd(row.signed_usd)} signed"
    if row.funded_usd != row.signed_usd:
        signed += f" and {usd(row.funded_usd)} after late data"
    now = usd(row.now_usd) if row.now_usd is not None else "not known yet"
    return f"{now} a day against {signed}" if row.now_usd is not None else f"{signed}, {now}"


def _unit_cost(row: CoreRow, *, work: str) -> str:
    last, base = row.last_known, row.graduation.unit_usd
    if base is None:
        return "at graduation nobody knew what a result cost, so it is judged by margin alone"
    if last is None:
        return f"a {work} cost {unit_usd(base)} over the baseline"
    return f"a {work} costs {unit_usd(last.unit_usd)} against {unit_usd(base)}"


def core_list_sentence(rows: Sequence[CoreRow]) -> str:
    """Say what runs in core together."""
    if not rows:
        return "Nothing runs in core that graduated here."
    funded = usd(sum((row.funded_usd for row in rows), ZERO))
    on_probation = sum(row.probation is not None for row in rows)
    overdue = sum(bool(row.overdue) for row in rows)
    n = len(rows)
    costs = _together([row.now_usd for row in rows])
    against = f"{costs} against {funded} funded a day" if costs else f"{funded} funded a day"
    verb = "workload runs" if n == 1 else "workloads run"
    notes = [
        f"{n} {verb} in core: {against}",
        *([] if costs else ["what it costs now is not known yet"]),
        *([f"{on_probation} on probation"] if on_probation else []),
        *([f"{overdue} with a check overdue"] if overdue else []),
    ]
    return f"{'; '.join(notes)}."


def _together(rates: Sequence[Decimal | None]) -> str:
    """Write what is known of rates, and of how many nothing is; nothing where none is known."""
    known = [each for each in rates if each is not None]
    if not known:
        return ""
    lacking = len(rates) - len(known)
    return f"{usd(sum(known, ZERO))}{f' and {lacking} not known yet' if lacking else ''}"


def renewal_sentence(renewal: Renewal) -> str:
    """Say whether the budget of the year after has it."""
    year, unit = f"FY{renewal.fiscal_year}", renewal.unit
    needs = f"{usd(renewal.usd)} a year"
    if renewal.budget is None:
        return f"In {year}'s budget of {unit}: no, none is granted yet; it needs {needs}."
    if renewal.is_covered:
        return f"In {year}'s budget of {unit}: yes, {needs}."
    return (
        f"In {year}'s budget of {unit}: no, its core is {usd(renewal.budget.core_usd)}, and what"
        f" runs in core there needs {usd(renewal.needs_usd)}."
    )


def baselines_sentence(unit: str, fiscal_year: int, baselines: Sequence[Baseline]) -> str:
    """Say what a request for a year's core has to hold for what graduated before."""
    each = ", ".join(
        f"{baseline.part.graduation.initiative.name} {usd(baseline.usd)}" for baseline in baselines
    )
    total = sum((baseline.usd for baseline in baselines), ZERO)
    return f"What runs in core of {unit} needs {usd(total)} of FY{fiscal_year}: {each}."
