"""Who is told of an override: those who sign, who answers for the scope, and the CFOs."""

from datetime import datetime

from org.models import Approval, NoticeKind, Role, User
from org.operations.notices import tell
from org.queries.people import company_holders_of, holders_of
from org.queries.signing import missing_parts, signers_of
from org.signing_wording import parts_in_words
from org.templatetags.figures import moment
from policy.models import Override
from policy.permissions import unit_of
from policy.wording import cap_name, dollars


def tell_asked(asked: Approval, override: Override, *, by: User, at: datetime) -> None:
    """Tell whoever may sign what waits."""
    _tell_signers(asked, title=f"{asked.title} waits for a signature", by=by, at=at,
                  text=f"{override.reason} (ticket {override.ticket})")  # fmt: skip


def tell_signed(asked: Approval, *, by: User, at: datetime) -> None:
    """Tell those who have still to sign that somebody did."""
    missing = parts_in_words(missing_parts(asked))
    title = f"{asked.title} waits for another signature"
    _tell_signers(asked, title=title, text=f"{by} signed it; {missing} is missing.", by=by, at=at)


def tell_decided(decided: Approval, *, by: User, at: datetime) -> None:
    """Tell who asked of what came of it."""
    word = "was signed" if decided.state == Approval.State.APPROVED else "was rejected"
    tell(
        kind=NoticeKind.DECISION,
        subject=f"{decided.kind}:{decided.subject_id}",
        title=f"{decided.title} {word}",
        text=decided.reason,
        url=decided.url,
        unit=decided.unit,
        to=[decided.requested_by],
        by=by,
        at=at,
    )


def tell_granted(override: Override, *, by: User, at: datetime) -> None:
    """Tell who answers for the scope, and the CFOs, that more may pass, and until when."""
    _tell_owners(
        override,
        title=f"{override.scope.name} is overridden to {dollars(override.limit_usd)}",
        text=(
            f"Until {moment(override.expires_at)} the {cap_name(override.cap)} of"
            f" {dollars(override.cap_usd)} is {dollars(override.limit_usd)}."
            f" {override.requested_by}: {override.reason} (ticket {override.ticket})"
        ),
        once=f"override:{override.pk}:granted",
        by=by,
        at=at,
    )


def tell_ended(override: Override, *, blocked: str, by: User | None, at: datetime) -> None:
    """Tell the same people that the cap holds again, and whether it blocks."""
    after = f" It blocks again: {blocked}" if blocked else ""
    _tell_owners(
        override,
        title=f"The override of {override.scope.name} has ended",
        text=(
            f"{override.get_ended_by_display()}: the {cap_name(override.cap)} is"
            f" {dollars(override.cap_usd)} again.{after}"
        ),
        once=f"override:{override.pk}:ended",
        by=by,
        at=at,
    )


def _tell_signers(asked: Approval, *, title: str, text: str, by: User, at: datetime) -> None:
    tell(
        kind=NoticeKind.REQUEST,
        subject=f"{asked.kind}:{asked.subject_id}",
        title=title,
        text=text,
        url=asked.url,
        unit=asked.unit,
        to=signers_of(asked, at=at),
        by=by,
        at=at,
    )


def _tell_owners(
    override: Override, *, title: str, text: str, once: str, by: User | None, at: datetime
) -> None:
    unit = unit_of(override.scope)
    roles = (Role.GM, Role.CFO)
    people = company_holders_of(*roles) if unit is None else holders_of(*roles, unit=unit)
    tell(
        kind=NoticeKind.EXPIRY if override.ended_at else NoticeKind.THRESHOLD,
        subject=override.scope.slug,
        title=title,
        text=text,
        url=f"/breakers/overrides/{override.pk}/",
        unit=unit,
        to={override.requested_by, *people},
        by=by,
        at=at,
        once=once,
    )
