"""The tree of units: adding, renaming, moving, and what it remembers."""

from datetime import date, datetime
from functools import partial
from typing import Any

import pytest

from org.models import AuditEntry, Unit, UnitVersion
from org.operations.units import MAX_LEVELS, add_unit, move_unit, rename_unit, revise_unit
from org.queries.units import unit_as_of
from org.refusals import Invalid, NotAllowed
from tests.factories.org import new_unit
from tests.org_cast import Cast, gather
from tests.races import race

TODAY = date(2026, 11, 20)


def add(cast: Cast, at: datetime, **changes: Any) -> Unit:
    asked: dict[str, Any] = {
        "slug": "legal",
        "name": "Legal",
        "parent": cast.operations,
        "owner": cast.grace,
        "by": cast.fiona,
        "starts_on": TODAY,
    }
    return add_unit(**(asked | changes), at=at)


def true_path(unit: Unit) -> str:
    """Work the path out from the parents alone."""
    above = true_path(unit.parent) if unit.parent else ""
    return f"{above}{unit.pk}/"


def test_a_unit_is_added_beneath_its_parent(cast: Cast, at: datetime) -> None:
    legal = add(cast, at)

    assert legal.path == f"{cast.acme.pk}/{cast.operations.pk}/{legal.pk}/"
    assert list(Unit.objects.beneath(cast.operations).filter(slug="legal")) == [legal]
    assert UnitVersion.objects.get(unit=legal).recorded_by == cast.fiona
    assert AuditEntry.objects.get().detail == {
        "name": "Legal",
        "parent": "operations",
        "owner": "grace",
        "starts_on": "2026-11-20",
    }


def test_a_root_has_no_parent(cast: Cast, at: datetime) -> None:
    assert add(cast, at, parent=None).depth == 0


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"slug": "support"}, "slug", "There is already a unit 'support'."),
        (
            {"slug": "Le gal"},
            "slug",
            "'Le gal' cannot be used: take lower-case letters, digits and dashes.",
        ),
        (
            {"slug": "new"},
            "slug",
            "'new' cannot be used: take lower-case letters, digits and dashes.",
        ),
        ({"name": " "}, "name", "A unit needs a name."),
        (
            {"starts_on": date(2026, 11, 21)},
            "starts_on",
            "A change can date back but not ahead: 21 Nov 2026 is after today, 20 Nov 2026.",
        ),
    ],
)
def test_a_unit_that_does_not_hold_is_refused(
    cast: Cast, at: datetime, changes: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        add(cast, at, **changes)

    assert refused.value.errors == ((f"/{field}", sentence),)


def test_nothing_is_added_beneath_a_retired_unit(cast: Cast, at: datetime) -> None:
    Unit.objects.filter(pk=cast.operations.pk).update(retired_on=date(2026, 5, 1))

    with pytest.raises(Invalid, match="Operations was retired on 01 May 2026"):
        add(cast, at)


@pytest.mark.parametrize("name", ["carl", "grace", "ed", "aud", "stan"])
def test_others_than_finance_and_admin_do_not_change_units(
    cast: Cast, at: datetime, name: str
) -> None:
    person = getattr(cast, name)

    with pytest.raises(NotAllowed):
        add(cast, at, by=person)
    with pytest.raises(NotAllowed):
        rename_unit(unit=cast.support, name="Help", by=person, at=at, starts_on=TODAY)
    with pytest.raises(NotAllowed):
        move_unit(unit=cast.support, parent=None, by=person, at=at, starts_on=TODAY)


def test_a_renamed_unit_keeps_its_slug_and_its_past(cast: Cast, at: datetime) -> None:
    rename_unit(unit=cast.support, name="Customer care", by=cast.ada, at=at, starts_on=TODAY)

    cast.support.refresh_from_db()
    assert (cast.support.name, cast.support.slug) == ("Customer care", "support")
    before = unit_as_of(cast.support, date(2026, 11, 19))
    since = unit_as_of(cast.support, TODAY)
    assert before is not None
    assert since is not None
    assert (before.name, since.name) == ("Support", "Customer care")


def test_a_moved_unit_takes_all_beneath_it_along(cast: Cast, at: datetime) -> None:
    tier_one = new_unit("Tier one", parent=cast.support)
    nights = new_unit("Nights", parent=tier_one)

    move_unit(unit=cast.support, parent=cast.acme, by=cast.fiona, at=at, starts_on=TODAY)

    nights.refresh_from_db()
    assert nights.path == f"{cast.acme.pk}/{cast.support.pk}/{tier_one.pk}/{nights.pk}/"
    assert set(Unit.objects.beneath(cast.operations)) == {cast.operations, cast.claims}
    version = unit_as_of(cast.support, TODAY)
    assert version is not None
    assert version.parent == cast.acme


def test_a_move_leaves_units_alone_whose_number_only_begins_alike(cast: Cast, at: datetime) -> None:
    Unit.objects.create(pk=int(f"{cast.support.pk}0"), slug="a", name="A", path="x")
    neighbour = Unit.objects.get(slug="a")
    neighbour.path = f"{cast.acme.pk}/{cast.operations.pk}/{neighbour.pk}/"
    neighbour.parent = cast.operations
    neighbour.save()

    move_unit(unit=cast.support, parent=cast.claims, by=cast.fiona, at=at, starts_on=TODAY)

    neighbour.refresh_from_db()
    assert neighbour.path == true_path(neighbour)


def test_a_unit_never_stands_beneath_itself(cast: Cast, at: datetime) -> None:
    for parent in (cast.operations, cast.support):
        with pytest.raises(Invalid, match="Operations cannot stand under"):
            move_unit(unit=cast.operations, parent=parent, by=cast.fiona, at=at, starts_on=TODAY)


def test_a_tree_is_not_too_deep(cast: Cast, at: datetime) -> None:
    deepest = cast.acme
    for level in range(1, MAX_LEVELS):
        deepest = new_unit(f"Level {level}", parent=deepest)

    with pytest.raises(Invalid, match="nest at most 10 deep"):
        add(cast, at, parent=deepest)
    with pytest.raises(Invalid, match="nest at most 10 deep"):
        move_unit(unit=cast.operations, parent=deepest.parent, by=cast.ada, at=at, starts_on=TODAY)
    add(cast, at, parent=deepest.parent)


def test_changes_follow_one_another(cast: Cast, at: datetime) -> None:
    rename_unit(unit=cast.support, name="Care", by=cast.ada, at=at, starts_on=date(2026, 6, 1))

    with pytest.raises(Invalid, match="Care already changed on 01 Jun 2026"):
        rename_unit(unit=cast.support, name="Help", by=cast.ada, at=at, starts_on=date(2026, 5, 31))
    rename_unit(unit=cast.support, name="Help", by=cast.ada, at=at, starts_on=date(2026, 6, 1))

    version = unit_as_of(cast.support, date(2026, 6, 1))
    assert version is not None
    assert version.name == "Help"


def test_a_change_without_a_difference_leaves_no_version(cast: Cast, at: datetime) -> None:
    revise_unit(
        unit=cast.support,
        name="Support ",
        parent=cast.operations,
        owner=None,
        by=cast.fiona,
        at=at,
        starts_on=TODAY,
    )

    assert cast.support.versions.count() == 1
    assert AuditEntry.objects.count() == 0


def test_a_rename_does_not_undo_a_move_it_did_not_see(cast: Cast, at: datetime) -> None:
    seen_before = Unit.objects.get(pk=cast.support.pk)
    move_unit(unit=cast.support, parent=cast.acme, by=cast.fiona, at=at, starts_on=TODAY)

    rename_unit(unit=seen_before, name="Care", by=cast.ada, at=at, starts_on=TODAY)

    seen_before.refresh_from_db()
    assert seen_before.parent == cast.acme


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(5))
def test_paths_stay_true_while_units_move_and_are_added(at: datetime, _round: int) -> None:
    cast = gather()
    change: dict[str, Any] = {"by": cast.fiona, "at": at, "starts_on": TODAY}

    def fresh(unit: Unit) -> Unit:
        return Unit.objects.get(pk=unit.pk)

    race(
        lambda: move_unit(unit=fresh(cast.operations), parent=fresh(cast.claims), **change),
        lambda: move_unit(unit=fresh(cast.claims), parent=fresh(cast.support), **change),
        lambda: move_unit(unit=fresh(cast.support), parent=fresh(cast.acme), **change),
        *[
            partial(add, cast, at, slug=f"new-{number}", parent=fresh(cast.support))
            for number in range(4)
        ],
    )

    assert [unit.path for unit in Unit.objects.order_by("pk")] == [
        true_path(unit) for unit in Unit.objects.order_by("pk")
    ]
    assert Unit.objects.filter(slug__startswith="new-").count() == 4
    assert set(Unit.objects.beneath(fresh(cast.acme))) == set(Unit.objects.all())
