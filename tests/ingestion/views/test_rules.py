"""The rules pages: what stands, what it catches, what a change would move, and why."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from finops.periods import Period
from ingestion.models import Rule, RuleBook, Slice
from ingestion.operations.assignments import assign_slices
from ingestion.operations.rollups import rebuild_unit_days
from ingestion.operations.rules import RuleDraft, publish_rules
from ingestion.queries.rules import attributes_of
from ingestion.queries.spend import spent
from org.models import CostObject
from tests.factories.ingestion import book, new_slice
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


@pytest.fixture
def spending(cast: Cast) -> dict[str, Slice]:
    """Three workflows called today; one of them is nobody's."""
    today = timezone.now().date()
    slices = {
        name: new_slice(workflow=name, person=f"{name}@x") for name in ("reply", "claim", "stray")
    }
    publish(
        cast,
        RuleDraft("Replies", {"workflow": "reply"}, cast.support.pk),
        RuleDraft("Claims", {"workflow": ["claim", "dispute"]}, cast.claims.pk),
    )
    assign_slices({piece.pk: attributes_of(piece) for piece in slices.values()})
    for piece, usd in zip(slices.values(), ("1.00", "2.00", "4.00"), strict=True):
        book(piece, today, usd)
    return slices


def publish(cast: Cast, *drafts: RuleDraft) -> RuleBook:
    return publish_rules(drafts=drafts, reason="As agreed", by=cast.fiona, at=AT)


def posted(page_text: str) -> dict[str, Any]:
    """Return the fields of the editor as a browser would post them back."""
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page_text[page_text.index('id="editor"') :]):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            fields.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select[^>]*name="([^"]*)">(.*?)</select>', page_text):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        fields[name] = [chosen[1] if chosen else ""]
    return fields


def press(client: Client, page_text: str, button: str, **typed: Any) -> Any:
    return client.post("/rules/edit/", posted(page_text) | typed | {"do": button})


def test_rules_are_listed_in_words_with_what_they_caught(
    fiona: Client, spending: dict[str, Slice]
) -> None:
    text = fiona.get("/rules/").text

    assert "workflow is reply" in text
    assert "workflow is claim or dispute" in text
    assert re.search(
        r'Replies.*?<td class="num">1</td>\s*<td class="num">\$1.00</td>', text, re.DOTALL
    )
    assert "Version 1, published 20 Nov 2026, 12:00 UTC by Fiona" in text


def test_a_rule_that_catches_nothing_says_whether_others_come_before_it(
    cast: Cast, fiona: Client, spending: dict[str, Slice]
) -> None:
    publish(
        cast,
        RuleDraft("All", {}, cast.support.pk),
        RuleDraft("Claims", {"workflow": "claim"}, cast.claims.pk),
        RuleDraft("Gone", {"workflow": "gone"}, cast.claims.pk),
    )

    text = fiona.get("/rules/").text

    assert "1 matching slices go to rules above" in text
    assert "nothing matches" in text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_three_rules_as_for_one(
    cast: Cast, fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish(cast, *(RuleDraft(f"R{n}", {"key": f"k{n}"}, cast.support.pk) for n in range(count)))

    with django_assert_num_queries(17):
        fiona.get("/rules/")


def test_a_manager_reads_the_rules_of_her_units_alone(
    cast: Cast, client: Client, spending: dict[str, Slice]
) -> None:
    client.force_login(cast.grace)

    text = client.get("/rules/").text

    assert "Replies" in text
    assert "dispute" not in text
    assert client.get("/rules/unallocated/").status_code == 403
    assert client.get("/rules/edit/").status_code == 403


def test_the_queue_names_what_unallocated_spend_shares_and_offers_a_rule(
    fiona: Client, spending: dict[str, Slice]
) -> None:
    text = fiona.get("/rules/unallocated/").text

    assert "$4.00" in text
    assert 'href="/rules/edit/?workflow=stray"' in text


def test_an_empty_queue_says_that_everything_is_allocated(fiona: Client) -> None:
    assert "Everything is allocated" in fiona.get("/rules/unallocated/").text


def test_a_rule_made_from_the_queue_is_previewed_and_then_published(
    cast: Cast, fiona: Client, spending: dict[str, Slice]
) -> None:
    opened = fiona.get("/rules/edit/", {"workflow": "stray"}).text
    typed = {"name-n0": "Strays", "unit-n0": str(cast.claims.pk)}

    preview = press(fiona, opened, "preview", **typed)
    moves = re.findall(
        r"<tr><th scope=\"row\">Unallocated</th><td>Claims</td><td class=\"num\">([^<]*)</td>",
        preview.text,
    )
    published = press(fiona, preview.text, "publish", reason="The strays are claims")

    assert moves == ["$4.00"]
    assert "Unallocated: $4.00 before, $0.00 after." in preview.text
    assert (published.status_code, published.headers["Location"]) == (302, "/rules/")
    assert [rule.name for rule in Rule.objects.filter(book__number=2)] == [
        "Strays",
        "Replies",
        "Claims",
    ]


def test_nothing_is_published_that_was_not_previewed(
    cast: Cast, fiona: Client, spending: dict[str, Slice]
) -> None:
    opened = fiona.get("/rules/edit/", {"workflow": "stray"}).text
    typed = {"name-n0": "Strays", "unit-n0": str(cast.claims.pk)}
    preview = press(fiona, opened, "preview", **typed).text

    changed = press(fiona, preview, "publish", reason="Oops", **{"unit-n0": str(cast.support.pk)})

    assert changed.status_code == 200
    assert "<td>Support</td>" in changed.text
    assert RuleBook.objects.count() == 1


def test_publishing_needs_a_reason(cast: Cast, fiona: Client, spending: dict[str, Slice]) -> None:
    preview = press(fiona, fiona.get("/rules/edit/").text, "preview").text

    refused = press(fiona, preview, "publish", reason=" ")

    assert refused.status_code == 422
    assert "Say why the rules change" in refused.text


def test_a_version_that_somebody_published_meanwhile_is_not_lost(
    cast: Cast, fiona: Client, spending: dict[str, Slice]
) -> None:
    preview = press(fiona, fiona.get("/rules/edit/").text, "preview").text
    publish(cast, RuleDraft("Newer", {}, cast.support.pk))

    refused = press(fiona, preview, "publish", reason="Mine")

    assert refused.status_code == 409
    assert "Version 2 of the rules was published since you opened version 1." in refused.text
    assert RuleBook.objects.count() == 2


def test_rules_move_up_and_down_and_go_by_their_buttons(
    fiona: Client, spending: dict[str, Slice]
) -> None:
    opened = fiona.get("/rules/edit/").text
    keys = posted(opened)["rule"]

    up = press(fiona, opened, f"up-{keys[1]}").text
    gone = press(fiona, up, f"remove-{keys[0]}").text
    wider = press(fiona, gone, f"condition-{keys[1]}").text

    assert posted(up)["rule"] == [keys[1], keys[0]]
    assert posted(gone)["rule"] == [keys[1]]
    assert posted(wider)[f"value-{keys[1]}"] == ["claim", "dispute", ""]


def test_what_is_wrong_with_a_rule_is_said_beside_it(fiona: Client) -> None:
    opened = press(fiona, fiona.get("/rules/edit/").text, "add").text

    refused = press(
        fiona,
        opened,
        "preview",
        **{
            "name-n0": "",
            "attribute-n0": "workfow",
            "value-n0": "x",
            "starts-n0": "2026-11-02",
            "ends-n0": "2026-11-02",
        },
    )

    assert refused.status_code == 422
    for sentence in (
        "Give the rule a name.",
        "Choose the unit that the spend goes to.",
        "`workfow` is not an attribute of a call. Did you mean `workflow`?",
        "The last day lies before the first.",
    ):
        assert sentence in refused.text.replace("&#x27;", "'")


def test_a_rule_of_an_initiative_is_kept_as_the_initiative_made_it(
    cast: Cast, fiona: Client
) -> None:
    drafter = CostObject.objects.create(slug="drafter", name="Drafter", unit=cast.support)
    publish(cast, RuleDraft("Drafter", {"workflow": "draft"}, cast.support.pk, drafter.pk))
    opened = fiona.get("/rules/edit/").text

    preview = press(fiona, opened, "preview", **{"attribute-n0": "key", "value-n0": "stolen"})
    press(fiona, preview.text, "publish", reason="Nothing")

    rule = Rule.objects.get(book__number=2)
    assert (rule.when, rule.cost_object) == ({"workflow": "draft"}, drafter)


def test_what_the_preview_says_is_what_publishing_does(
    cast: Cast, fiona: Client, spending: dict[str, Slice]
) -> None:
    rebuild_unit_days()
    tomorrow = timezone.now().date() + timedelta(days=1)
    year = Period(tomorrow - timedelta(days=300), tomorrow)
    opened = press(fiona, fiona.get("/rules/edit/").text, "add").text
    typed = {"name-n0": "All", "unit-n0": str(cast.operations.pk), "attribute-n0": ""}

    preview = press(fiona, opened, "preview", **typed).text
    press(fiona, preview, "publish", reason="All of it")

    assert (
        '<th scope="row">Operations</th><td class="num">$0.00</td><td class="num">$7.00</td>'
        in (preview)
    )
    assert spent(period=year, unit=cast.operations).usd == 7
    assert spent(period=year, unit=cast.support).usd == 0


def test_the_ladder_shows_each_rule_with_the_slices_own_values(
    fiona: Client, spending: dict[str, Slice]
) -> None:
    text = fiona.get(f"/rules/why/{spending['claim'].pk}/").text

    assert "Why this spend is in Claims" in text
    assert "✗ workflow is reply: here claim" in text
    assert "✓ workflow is claim or dispute: here claim" in text


def test_the_ladder_is_of_the_day_that_is_asked(cast: Cast, fiona: Client) -> None:
    publish(
        cast,
        RuleDraft("Autumn", {}, cast.support.pk, None, date(2026, 9, 1), date(2026, 12, 1)),
        RuleDraft("Else", {}, cast.claims.pk),
    )
    piece = new_slice()
    assign_slices({piece.pk: attributes_of(piece)})

    assert "is in Support" in fiona.get(f"/rules/why/{piece.pk}/", {"on": "2026-11-30"}).text
    assert "is in Claims" in fiona.get(f"/rules/why/{piece.pk}/", {"on": "2026-12-01"}).text


def test_who_made_the_calls_is_told_only_to_those_who_may_know(
    cast: Cast, client: Client, spending: dict[str, Slice]
) -> None:
    def told(name: str) -> str:
        client.force_login(getattr(cast, name))
        return client.get(f"/rules/why/{spending['reply'].pk}/").text

    assert "reply@x" in told("fiona")
    assert "reply@x" in told("grace")
    assert "reply@x" not in told("carl")
    client.force_login(cast.greta)
    assert client.get(f"/rules/why/{spending['reply'].pk}/").status_code == 404
