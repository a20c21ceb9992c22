"""What requests that are decided on a page of their own share: finding them, telling of them."""

from collections.abc import Iterable
from datetime import datetime

from org.models import Approval, NoticeKind, User
from org.operations.notices import tell
from org.queries.signing import signers_of
from org.refusals import Refusal


def open_request(*, kind: str, subject_id: int) -> Approval:
    """Return what waits for a decision; raises Refusal where nothing does."""
    waiting = Approval.objects.waiting().filter(kind=kind, subject_id=subject_id)
    found = waiting.select_related("unit", "requested_by__person").first()
    if found is None:
        raise Refusal("This does not wait for a decision any more.")
    return found


def tell_deciders(asked: Approval, *, text: str, by: User | None, at: datetime) -> None:
    """Tell whoever may sign what is asked; `by` is None where a rule asked by itself."""
    tell(
        kind=NoticeKind.REQUEST,
        subject=f"{asked.kind}:{asked.subject_id}",
        title=f"{asked.title} waits for a decision",
        text=text,
        url=asked.url,
        unit=asked.unit,
        to=signers_of(asked, at=at),
        by=by,
        at=at,
    )


def tell_asker(decided: Approval, *, by: User, at: datetime, also: Iterable[User] = ()) -> None:
    """Tell who asked, and others concerned, of what came of it."""
    word = "was signed" if decided.state == Approval.State.APPROVED else "was rejected"
    tell(
        kind=NoticeKind.DECISION,
        subject=f"{decided.kind}:{decided.subject_id}",
        title=f"{decided.title} {word}",
        text=decided.reason,
        url=decided.url,
        unit=decided.unit,
        to={decided.requested_by, *also},
        by=by,
        at=at,
    )
