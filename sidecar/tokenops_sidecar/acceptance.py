"""Whether a document that came in is obeyed: signed, newer than the last, of this time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tokenops_sidecar.document import MOST_BYTES, TooLarge, parse
from tokenops_sidecar.policy import Policy
from tokenops_sidecar.reading import Unacceptable
from tokenops_sidecar.signature import MOST_AHEAD, Key, verify


class RolledBack(Unacceptable):
    """The document is older than the one obeyed, or another of the same number."""

    code = "rolled_back"


class FromTheFuture(Unacceptable):
    """The document was issued later than now: one of two clocks is wrong."""

    code = "from_the_future"


@dataclass(frozen=True, slots=True)
class Received:
    """A document as it came: its exact bytes, and the headers that say whose it is.

    `announced` is the revision by the header; it is believed only to name what was refused.
    """

    body: bytes
    signature: str
    etag: str = ""
    announced: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document that is obeyed, beside what it was read from."""

    policy: Policy
    received: Received


def accept(
    received: Received, *, keys: Mapping[str, Key], last: Accepted | None, at: datetime
) -> Accepted:
    """Return what is obeyed from now on, or raise why the last document still is.

    The signature is checked before a byte is parsed.
    """
    if len(received.body) > MOST_BYTES:
        raise TooLarge(f"The document has more than {MOST_BYTES // 1024**2} MB.")
    verify(received.body, received.signature, keys=keys, at=at)
    policy = parse(received.body)
    if policy.issued_at > at + MOST_AHEAD:
        raise FromTheFuture(
            f"Revision {policy.revision} was issued at {policy.issued_at.isoformat()}, and it is"
            f" {at.isoformat()} here: set the clocks right."
        )
    if last is not None:
        _check_follows(policy, received, last)
    return Accepted(policy, received)


def _check_follows(policy: Policy, received: Received, last: Accepted) -> None:
    known = last.policy.revision
    if policy.revision < known:
        raise RolledBack(f"Revision {policy.revision} came after {known}, which is obeyed.")
    if policy.revision == known and received.body != last.received.body:
        raise RolledBack(f"Another document calls itself revision {known}, which is obeyed.")
