"""Changing the tree of business units; every change is a dated version of the unit."""

import re
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Max, Value
from django.db.models.functions import Concat, Length, Replace, Substr

from org import audit
from org.models import Unit, UnitVersion, User
from org.permissions import can_manage_units
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed

MAX_LEVELS = 10
# Addresses that pages use beside those of units.
RESERVED_SLUGS = {"new"}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TREE_LOCK = 7_305_002


@transaction.atomic
def add_unit(
    *,
    slug: str,
    name: str,
    parent: Unit | None,
    owner: User | None,
    by: User | None,
    at: datetime,
    starts_on: date,
) -> Unit:
    """Add a unit beneath another one; `by` is None where an installation sets itself up."""
    _check(by=by, name=name, starts_on=starts_on, at=at)
    _lock_tree()
    _check_slug(slug)
    above = _path_of(parent)
    if above.count("/") >= MAX_LEVELS:
        raise Invalid.of("parent", f"Units nest at most {MAX_LEVELS} deep.")
    unit = Unit.objects.create(slug=slug, name=name.strip(), parent=parent, owner=owner, path="")
    unit.path = f"{above}{unit.pk}/"
    unit.save(update_fields=["path"])
    _remember(unit, action="unit.added", by=by, at=at, starts_on=starts_on)
    return unit


@transaction.atomic
def rename_unit(*, unit: Unit, name: str, by: User | None, at: datetime, starts_on: date) -> Unit:
    """Give a unit another name; its slug, by which rules and policy know it, stays."""
    _lock_tree(unit)
    return revise_unit(
        unit=unit,
        name=name,
        parent=unit.parent,
        owner=unit.owner,
        by=by,
        at=at,
        starts_on=starts_on,
    )


@transaction.atomic
def move_unit(
    *, unit: Unit, parent: Unit | None, by: User | None, at: datetime, starts_on: date
) -> Unit:
    """Put a unit, and all beneath it, under another one."""
    _lock_tree(unit)
    return revise_unit(
        unit=unit,
        name=unit.name,
        parent=parent,
        owner=unit.owner,
        by=by,
        at=at,
        starts_on=starts_on,
    )


@transaction.atomic
def revise_unit(
    *,
    unit: Unit,
    name: str,
    parent: Unit | None,
    owner: User | None,
    by: User | None,
    at: datetime,
    starts_on: date,
) -> Unit:
    """Change name, place and owner at once, as one version; without a difference do nothing."""
    _check(by=by, name=name, starts_on=starts_on, at=at)
    _lock_tree(unit)
    before = (unit.name, unit.parent_id, unit.owner_id)
    after = (name.strip(), parent.pk if parent else None, owner.pk if owner else None)
    if before == after:
        return unit
    _check_follows(unit, starts_on)
    if unit.parent_id != after[1]:
        _move(unit, parent)
    unit.name, unit.owner = name.strip(), owner
    unit.save(update_fields=["name", "parent", "path", "owner"])
    _remember(unit, action="unit.revised", by=by, at=at, starts_on=starts_on)
    return unit


def _move(unit: Unit, parent: Unit | None) -> None:
    above = _path_of(parent)
    if above.startswith(unit.path):
        raise Invalid.of(
            "parent", f"{unit} cannot stand under {parent}, which is {unit} or beneath it."
        )
    old, new = unit.path, f"{above}{unit.pk}/"
    beneath = Unit.objects.beneath(unit)
    levels = beneath.aggregate(
        most=Max(Length("path") - Length(Replace("path", Value("/"), Value(""))))
    )["most"]
    if levels - old.count("/") + new.count("/") > MAX_LEVELS:
        raise Invalid.of("parent", f"Units nest at most {MAX_LEVELS} deep.")
    beneath.update(path=Concat(Value(new), Substr("path", len(old) + 1)))
    unit.parent, unit.path = parent, new


def _lock_tree(unit: Unit | None = None) -> None:
    """Let one change of the tree happen at a time, and read the unit as the last one left it.

    A path is true only together with all those above it, so locking single rows is not enough.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TREE_LOCK])
    if unit is not None:
        unit.refresh_from_db()


def _path_of(parent: Unit | None) -> str:
    """Return the path of a parent as it is now, after the lock."""
    if parent is None:
        return ""
    parent.refresh_from_db()
    if parent.retired_on is not None:
        raise Invalid.of("parent", f"{parent} was retired on {parent.retired_on:%d %b %Y}.")
    return parent.path


def _check(*, by: User | None, name: str, starts_on: date, at: datetime) -> None:
    if by is not None and not can_manage_units(by):
        raise NotAllowed("Only a FinOps analyst or an Administrator changes business units.")
    if not name.strip():
        raise Invalid.of("name", "A unit needs a name.")
    if starts_on > (today := reporting_today(at)):
        raise Invalid.of(
            "starts_on",
            f"A change can date back but not ahead: {starts_on:%d %b %Y} is after today,"
            f" {today:%d %b %Y}.",
        )


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug) or slug in RESERVED_SLUGS:
        raise Invalid.of(
            "slug", f"{slug!r} cannot be used: take lower-case letters, digits and dashes."
        )
    if Unit.objects.filter(slug=slug).exists():
        raise Invalid.of("slug", f"There is already a unit {slug!r}.")


def _check_follows(unit: Unit, starts_on: date) -> None:
    latest = unit.versions.order_by("-starts_on").values_list("starts_on", flat=True).first()
    if latest is not None and starts_on < latest:
        raise Invalid.of(
            "starts_on",
            f"{unit} already changed on {latest:%d %b %Y}: a change cannot come before it.",
        )


def _remember(
    unit: Unit, *, action: str, by: User | None, at: datetime, starts_on: date
) -> UnitVersion:
    audit.record(
        actor=by,
        action=action,
        subject=f"unit:{unit.slug}",
        at=at,
        detail={
            "name": unit.name,
            "parent": unit.parent.slug if unit.parent else None,
            "owner": unit.owner.username if unit.owner else None,
            "starts_on": starts_on,
        },
    )
    return UnitVersion.objects.create(
        unit=unit,
        name=unit.name,
        parent=unit.parent,
        owner=unit.owner,
        starts_on=starts_on,
        recorded_at=at,
        recorded_by=by,
    )
