"""Reading what was published: the current revision, and what one changed from the last."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from org.models import User
from policy.differences import Change, changes
from policy.document import content_of
from policy.models import PolicyRevision, SidecarDocument

# Of each revision what it says of one scope, without when its caps start anew; kept are those
# that say something else than the one before. Documents are parted by the database, so that
# those that say the same never leave it.
_TOUCHING = """
WITH said AS (
  SELECT number, jsonb_build_object(
    'scope', (
      SELECT entry - 'caps' || jsonb_build_object('caps', (
        SELECT jsonb_agg(cap - 'resets_at') FROM jsonb_array_elements(entry -> 'caps') cap))
      FROM jsonb_array_elements(document -> 'scopes') entry WHERE entry ->> 'id' = %(slug)s),
    'assign', jsonb_path_query_array(
      document, '$.assign[*] ? (@.scope == $slug)', jsonb_build_object('slug', %(slug)s::text))
  ) AS says
  FROM (
    SELECT number, convert_from(body, 'UTF8')::jsonb AS document FROM policy_policyrevision
    ORDER BY number DESC LIMIT %(most)s
  ) newest
)
SELECT number, before FROM (
  SELECT number, says, lag(number) OVER spell AS before, lag(says) OVER spell AS said
  FROM said WINDOW spell AS (ORDER BY number)
) pairs
WHERE says IS DISTINCT FROM said AND (said IS NOT NULL OR number = 1)
ORDER BY number DESC
"""
MOST_COMPARED = 2000


class Touch(NamedTuple):
    """A revision that says something else of a scope than the one before it."""

    number: int
    at: datetime
    author: User | None
    changes: Sequence[Change]


def current_revision() -> PolicyRevision | None:
    """Return the newest revision; None before anything was published."""
    return (
        PolicyRevision.objects.select_related("key", "author__person").order_by("-number").first()
    )


def document_of(sidecar: str) -> PolicyRevision | SidecarDocument | None:
    """Return what a router is told now: the newest revision, or its own part of it."""
    own = SidecarDocument.objects.filter(sidecar__name=sidecar).select_related("key").first()
    return own or current_revision()


def current_number() -> int | None:
    """Return the number of the newest revision without reading its bytes."""
    numbers = PolicyRevision.objects.order_by("-number").values_list("number", flat=True)
    return numbers.first()


def changes_of(revision: PolicyRevision) -> list[Change]:
    """Return what a revision changed, compared with the one before it."""
    earlier = PolicyRevision.objects.filter(number__lt=revision.number).order_by("-number").first()
    before = content_of(bytes(earlier.body)) if earlier else None
    return changes(before, content_of(bytes(revision.body)))


def revisions_touching(slug: str) -> list[Touch]:
    """Return the revisions that changed what routers do with a scope, the newest first.

    The newest `MOST_COMPARED` are compared.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHING, {"slug": slug, "most": MOST_COMPARED})
        pairs: list[tuple[int, int | None]] = cursor.fetchall()
    wanted = {number for pair in pairs for number in pair if number is not None}
    rows = PolicyRevision.objects.select_related("author__person").in_bulk(wanted)
    found = []
    for number, before in pairs:
        revision, earlier = rows[number], rows.get(before) if before else None
        now = content_of(bytes(revision.body))
        then = content_of(bytes(earlier.body)) if earlier else None
        if told := [change for change in changes(then, now) if change.scope == slug]:
            found.append(Touch(number, revision.issued_at, revision.author, told))
    return found
