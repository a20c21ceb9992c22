"""Publishing: a new signed revision wherever a router must act differently."""

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from org.models import User
from policy.differences import changes, in_words
from policy.document import compile_content, content_hash, content_of, digest_of, issue
from policy.models import PolicyRevision, SigningKey
from policy.operations.keys import sign, signing_key
from policy.operations.subsets import write_subsets
from policy.queries.content import gather
from policy.queries.revisions import current_revision

log = structlog.get_logger()

_PUBLICATION_LOCK = 7_305_060
_SIGNED_ANEW = "Signed anew with another key."


@transaction.atomic
def publish(
    *, cause: str, by: User | None, at: datetime, for_subsets: bool = False
) -> PolicyRevision | None:
    """Compile the document and publish it where it differs from the last; else None.

    Part of the transaction that changed something: the revision is there exactly when
    the change is. An empty cause is filled with what changed, in words. `for_subsets` is
    there where a router is told of other scopes: it takes no second document of one number.
    """
    with connection.cursor() as cursor:
        # Numbers rise without gaps, and each revision holds all that was committed before.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLICATION_LOCK])
    last, key = current_revision(), signing_key(at=at)
    compiled = compile_content(gather(at=at))
    is_news = last is None or last.content_hash != content_hash(compiled)
    if not (is_news or for_subsets) and last is not None and last.key_id == key.pk:
        return None
    words = cause or _cause(last, compiled)
    return _add(compiled, number=last.number + 1 if last else 1, cause=words, by=by, key=key, at=at)


def _add(
    compiled: dict[str, Any],
    *,
    number: int,
    cause: str,
    by: User | None,
    key: SigningKey,
    at: datetime,
) -> PolicyRevision:
    body = issue(compiled, revision=number, at=at)
    signed = sign(body, key=key, at=at)
    revision = PolicyRevision.objects.create(
        number=number,
        body=body,
        etag=digest_of(body),
        content_hash=content_hash(compiled),
        signature=signed.signature,
        key=signed.key,
        issued_at=at,
        cause=_shortened(cause),
        author=by,
    )
    write_subsets(compiled, revision=revision, key=signed.key, at=at)
    log.info("policy.published", revision=number, cause=revision.cause)
    return revision


def _cause(last: PolicyRevision | None, compiled: dict[str, Any]) -> str:
    before = content_of(bytes(last.body)) if last else None
    return in_words(changes(before, compiled)) or _SIGNED_ANEW


def _shortened(text: str) -> str:
    longest: int = PolicyRevision._meta.get_field("cause").max_length or len(text)  # noqa: SLF001 -- Django's documented API
    return text if len(text) <= longest else text[: longest - 1] + "…"
