"""The scope that a quota is set on: made with all above it where a unit has none yet."""

from datetime import datetime

from org.models import Unit
from org.queries.calendar import company
from org.refusals import Invalid
from policy.models import Scope
from policy.operations.scopes import put_scope
from policy.queries.content import ORG, slug_of


def ensured_scope(slug: str, *, at: datetime) -> Scope:
    """Return the live scope of a slug; raises Invalid where nothing is called so."""
    standing = Scope.objects.filter(slug=slug, retired_at__isnull=True).first()
    if standing is not None:
        return standing
    if slug == ORG:
        return put_scope(slug=ORG, name=company().name, parent_slug=None, at=at)
    kind, _, name = slug.partition(":")
    unit = Unit.objects.filter(slug=name, retired_on=None).first() if kind == "unit" else None
    if unit is None:
        raise Invalid.of("scope", f"There is no scope {slug}: name org, a unit or an experiment.")
    return _of_unit(unit, at=at)


def _of_unit(unit: Unit, *, at: datetime) -> Scope:
    parent = slug_of(unit.parent) if unit.parent else ORG
    above = ensured_scope(parent, at=at)
    owner = unit.owner
    return put_scope(
        slug=slug_of(unit),
        name=unit.name,
        parent_slug=above.slug,
        unit=unit,
        owner=str(owner) if owner else "",
        contact=owner.email if owner else "",
        at=at,
    )
