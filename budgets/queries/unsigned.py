"""What waits for signatures, and whether a step only signed what others have to sign still."""

from budgets.models import Budget, Initiative
from budgets.rights import BUDGET, EXTENSION, INITIATIVE, OPENING, REVISION
from org.models import Approval

# What approvals call the matter that each approving step decides.
APPROVING = {
    Budget: {"approve": BUDGET, "grant_revision": REVISION, "grant_opening": OPENING},
    Initiative: {"approve": INITIATIVE, "grant_extension": EXTENSION},
}


def still_unsigned(subject: Budget | Initiative, action: str) -> Approval | None:
    """Return the request that an approving step has left waiting; None where it decided it."""
    kind = APPROVING[type(subject)].get(action)
    if kind is None:
        return None
    waiting = Approval.objects.waiting().filter(kind=kind, subject_id=subject.pk)
    return waiting.select_related("unit").first()


def requests_waiting(subject: Budget | Initiative) -> list[Approval]:
    """Return what waits for a decision on the subject, the oldest first."""
    kinds = set(APPROVING[type(subject)].values())
    waiting = Approval.objects.waiting().filter(kind__in=kinds, subject_id=subject.pk)
    return list(waiting.select_related("unit", "requested_by").order_by("pk"))
