"""The one extension of an experiment: what was asked, what it changes, what it must satisfy."""

from collections.abc import Iterable
from datetime import date, timedelta

from budgets.models import Initiative
from budgets.queries.checks import Check
from budgets.queries.thresholds import waiting_on
from budgets.rights import EXTENSION
from budgets.threshold_wording import happens_in_words, reached_in_words
from finops.thresholds import Effect
from org.models import Approval
from org.profile_wording import rests_on, value_of
from org.queries.profile import EffectiveProfile
from org.templatetags.figures import day as written_day


def last_extensions(initiative_ids: Iterable[int]) -> dict[int, Approval]:
    """Return the last request for more time of each experiment that has one.

    It tells all: while it waits no other is made, and after one is granted neither.
    """
    found = Approval.objects.filter(kind=EXTENSION, subject_id__in=initiative_ids)
    return {approval.subject_id: approval for approval in found.order_by("pk")}


def last_extension(initiative: Initiative) -> Approval | None:
    return last_extensions([initiative.pk]).get(initiative.pk)


def extension_terms(initiative: Initiative, ends_on: date) -> dict[str, str]:
    """Return what is asked and decided on: another end, and from which one."""
    return {
        "initiative": initiative.slug,
        "instead_of": initiative.ends_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }


def end_asked(extension: Approval) -> date:
    return date.fromisoformat(extension.terms["ends_on"])


def end_before(extension: Approval) -> date:
    """Return the end that stood when more time was asked for."""
    return date.fromisoformat(extension.terms["instead_of"])


def latest_end(initiative: Initiative, found: EffectiveProfile) -> date:
    """Return the last end that an extension can ask for under a profile."""
    return initiative.ends_on + timedelta(days=found.profile.extension_days)


def extension_checks(
    initiative: Initiative,
    ends_on: date,
    *,
    extension: Approval | None,
    on: date,
    found: EffectiveProfile,
) -> list[Check]:
    """Return every check that more time has to pass, when it is asked for and when granted.

    `extension` is the last one asked for, `found` the profile this one is asked under.
    """
    ends = initiative.ends_on
    days = (ends_on - ends).days
    was_granted = extension is not None and extension.state == Approval.State.APPROVED
    return [
        Check(
            "/ends_on",
            "An experiment is extended once",
            not was_granted,
            f"It was extended until {written_day(ends)} already."
            if was_granted
            else "It runs until the end first granted.",
        ),
        Check(
            "/ends_on",
            "An experiment is extended while it runs",
            on < ends,
            f"It ends on {written_day(ends)}; today is {written_day(on)}.",
        ),
        Check(
            "/ends_on",
            "The end moves to a later day",
            days > 0,
            f"From {written_day(ends)} to {written_day(ends_on)}.",
        ),
        Check(
            "/ends_on",
            f"At most {value_of(found, 'extension_days')} are added",
            days <= found.profile.extension_days,
            f"The latest end is {written_day(latest_end(initiative, found))}; the limit is"
            f" {rests_on(found, 'extension_days')}.",
        ),
        *(
            Check(
                "/ends_on",
                "Its thresholds let it have more time",
                ok=False,
                detail=f"{reached_in_words(crossing, initiative)}"
                f" {happens_in_words(initiative, {Effect.ASKS})}",
            )
            for crossing in waiting_on(initiative)
        ),
    ]


def move_in_words(extension: Approval) -> str:
    """Say from which end to which an extension moves an experiment."""
    after, before = written_day(end_asked(extension)), written_day(end_before(extension))
    return f"Until {after} instead of {before}."
