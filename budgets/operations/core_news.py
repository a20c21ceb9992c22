"""Who is told of what becomes of work in core: who answers for it, managers, the money side."""

from datetime import datetime

from budgets.models import CorePart, Initiative
from org.models import NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.people import company_holders_of, holders_of


def tell_of_core(
    initiative: Initiative,
    *,
    what: str,
    text: str,
    at: datetime,
    kind: NoticeKind = NoticeKind.DECISION,
    once: str | None = None,
) -> bool:
    """Tell everybody who has to act on it; `what` goes on after the name.

    Returns whether it was told: what is told `once` is not told again.
    """
    told = tell(
        kind=kind,
        subject=f"initiative:{initiative.slug}",
        title=f"{initiative.name} {what}",
        text=text,
        url=f"/initiatives/{initiative.slug}/core/",
        unit=initiative.unit,
        to=_concerned(initiative),
        by=None,
        at=at,
        once=once,
    )
    return told is not None


def _concerned(initiative: Initiative) -> set[User]:
    people = {initiative.owner, initiative.on_call, initiative.requested_by}
    units = {initiative.unit} | {
        part.unit
        for part in CorePart.objects.filter(graduation__initiative=initiative).select_related(
            "unit"
        )
    }
    managers = [each for unit in units for each in holders_of(Role.GM, unit=unit)]
    money = company_holders_of(Role.CFO, Role.FINANCE)
    return {person for person in (*people, *managers, *money) if person is not None}
