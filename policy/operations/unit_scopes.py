"""The scopes of the company and of units, made with all above them where they are missing."""

from datetime import datetime

from org.models import Unit
from org.queries.calendar import company
from policy.models import Scope
from policy.operations.scopes import put_scope
from policy.queries.content import ORG, slug_of


def ensure_company_scope(*, at: datetime) -> Scope:
    """Return the scope that everything falls under."""
    return _ensured(slug=ORG, name=company().name, parent=None, at=at)


def ensure_unit_scope(*, unit: Unit, at: datetime) -> Scope:
    """Return the unit's scope with who answers for it now, made with all above it."""
    ids = [int(pk) for pk in unit.path.strip("/").split("/")]
    line = {found.pk: found for found in Unit.objects.filter(pk__in=ids).select_related("owner")}
    scope = ensure_company_scope(at=at)
    for step in (line[pk] for pk in ids):
        owner = step.owner
        scope = _ensured(
            slug=slug_of(step),
            name=step.name,
            parent=scope,
            unit=step,
            owner=str(owner) if owner else "",
            contact=owner.email if owner else "",
            at=at,
        )
    return scope


def _ensured(
    *,
    slug: str,
    name: str,
    parent: Scope | None,
    unit: Unit | None = None,
    owner: str = "",
    contact: str = "",
    at: datetime,
) -> Scope:
    """Return the scope as described; one that stands like that is not touched.

    The scopes at the top are everybody's: writing them each time would make all wait.
    """
    standing = Scope.objects.filter(
        slug=slug, name=name, parent=parent, owner=owner, contact=contact, retired_at=None
    ).first()
    return standing or put_scope(
        slug=slug,
        name=name,
        parent_slug=parent.slug if parent else None,
        unit=unit,
        owner=owner,
        contact=contact,
        at=at,
    )
