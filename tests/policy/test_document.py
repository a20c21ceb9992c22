"""The document: its shape, its one form in bytes, and an ETag that follows the bytes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.rules import Rule
from policy.document import (
    CapEntry,
    Content,
    LoopEntry,
    ModelEntry,
    ProbeEntry,
    QuotaEntry,
    RaiseEntry,
    RatesEntry,
    ReasonEntry,
    RouteEntry,
    ScopeEntry,
    TaskLimitsEntry,
    canonical,
    compile_content,
    content_hash,
    content_of,
    digest_of,
    issue,
)

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
BLOCKED = ScopeEntry(
    id="initiative:support-drafter",
    name="Support drafter",
    parent="unit:support",
    owner="Grace",
    contact="grace@example.org",
    state="open",
    reason=ReasonEntry("cap_day", "Too much.", since=AT, until=MIDNIGHT),
    caps=[CapEntry("cap:17", "day", Decimal(45), MIDNIGHT, "hard")],
)
CONTENT = Content(
    currency="USD",
    tiers=["local", "economy"],
    models=[
        ModelEntry(
            "openai",
            "gpt-5",
            "frontier",
            batch=True,
            usd_per_mtok={"in_text": Decimal("1.250000000000")},
        ),
        ModelEntry(
            "local", "llama", "local", batch=False, usd_per_mtok={"in_text": Decimal("0E-12")}
        ),
        ModelEntry(
            "openai",
            "o3-pro",
            "frontier",
            batch=False,
            usd_per_mtok={"out_text": Decimal("80.000000")},
        ),
    ],
    assign=[Rule({"workflow": "drafter"}, "initiative:support-drafter"), Rule({}, "org")],
    scopes=[BLOCKED, ScopeEntry("org", "Acme", None)],
)

GUARDED = ScopeEntry(
    id="unit:support",
    name="Support",
    parent="org",
    rates=RatesEntry(requests_per_minute=600, usd_per_minute=Decimal("1.5")),
    task_limits=TaskLimitsEntry(steps=40, usd=Decimal("0.5")),
    loop=LoopEntry(calls=20, window_s=600),
    keep_fraction=Decimal("0.50"),
    probe=ProbeEntry("probe:7:3", calls=10, until=AT),
    quotas=[
        QuotaEntry(
            "quota:4",
            metric="calls",
            window="day",
            limit=Decimal(50),
            mode="hard",
            per="person",
            resets_at=MIDNIGHT,
            exempt=["ops@x"],
            raises=[RaiseEntry("ana@x", Decimal(100), until=MIDNIGHT)],
        )
    ],
    when_stale="bucket",
    stale_usd=Decimal(5),
)

texts = st.text(max_size=12)
amounts = st.decimals(min_value=0, max_value=10**6, places=2)
instants = st.none() | st.datetimes(timezones=st.just(UTC))
scopes = st.builds(
    ScopeEntry,
    id=texts,
    name=texts,
    parent=st.none() | texts,
    owner=texts,
    state=st.sampled_from(["closed", "open"]),
    reason=st.none() | st.builds(ReasonEntry, texts, texts, instants, instants),
    caps=st.lists(
        st.builds(CapEntry, texts, st.sampled_from(["day", "total"]), amounts, instants, texts),
        max_size=2,
    ),
)
contents = st.builds(
    Content,
    currency=st.just("USD"),
    tiers=st.just(["local"]),
    models=st.lists(
        st.builds(
            ModelEntry,
            texts,
            texts,
            st.just("mid"),
            st.booleans(),
            st.dictionaries(texts, amounts, max_size=2),
        ),
        max_size=2,
    ),
    assign=st.lists(st.builds(Rule, st.dictionaries(texts, texts, max_size=2), texts), max_size=3),
    scopes=st.lists(scopes, max_size=3),
)


def test_the_document_has_the_shape_of_the_contract() -> None:
    document = json.loads(issue(compile_content(CONTENT), revision=42, at=AT))

    assert document["schema"] == "tokenops.policy/1"
    assert (document["revision"], document["issued_at"]) == (42, "2026-11-21T10:00:00Z")
    assert (document["refresh_after_s"], document["stale_after_s"]) == (10, 120)
    assert document["assign"] == [
        {"when": {"workflow": "drafter"}, "scope": "initiative:support-drafter"},
        {"when": {}, "scope": "org"},
    ]
    assert document["routes"] == []
    assert document["scopes"][0] == {
        "id": "initiative:support-drafter",
        "name": "Support drafter",
        "owner": "Grace",
        "parent": "unit:support",
        "state": "open",
        "reason": {
            "code": "cap_day",
            "text": "Too much.",
            "since": "2026-11-21T10:00:00Z",
            "until": "2026-11-22T00:00:00Z",
            "owner": "Grace",
            "contact": "grace@example.org",
        },
        "caps": [
            {
                "id": "cap:17",
                "window": "day",
                "limit_usd": "45.00",
                "resets_at": "2026-11-22T00:00:00Z",
                "mode": "hard",
                "per": None,
            }
        ],
        "rates": None,
        "task_limits": None,
        "max_tier": None,
        "keep_fraction": None,
        "probe": None,
        "when_stale": {"mode": "closed"},
        "protected": False,
    }


def test_prices_are_plain_decimals_in_strings() -> None:
    prices = {entry["model"]: entry["usd_per_mtok"] for entry in compile_content(CONTENT)["models"]}

    assert prices == {
        "llama": {"in_text": "0"},
        "gpt-5": {"in_text": "1.25"},
        "o3-pro": {"out_text": "80"},
    }


def test_the_canonical_form_is_sorted_tight_and_utf_8() -> None:
    assert canonical({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'.encode()


@given(contents)
def test_equal_content_gives_equal_bytes(content: Content) -> None:
    first, second = compile_content(content), compile_content(content)

    assert issue(first, revision=1, at=AT) == issue(second, revision=1, at=AT)


@given(contents)
def test_the_order_in_which_scopes_are_found_does_not_matter(content: Content) -> None:
    distinct = {scope.id: scope for scope in content.scopes}.values()
    there = Content("USD", [], [], [], list(distinct))
    back = Content("USD", [], [], [], list(reversed(distinct)))

    assert content_hash(compile_content(there)) == content_hash(compile_content(back))


@given(contents, contents)
def test_the_etag_changes_exactly_when_the_bytes_do(one: Content, other: Content) -> None:
    bodies = [issue(compile_content(content), revision=1, at=AT) for content in (one, other)]

    are_equal = digest_of(bodies[0]) == digest_of(bodies[1])

    assert are_equal == (bodies[0] == bodies[1])
    assert are_equal == (content_hash(compile_content(one)) == content_hash(compile_content(other)))


@given(contents)
def test_a_revision_gives_its_content_back(content: Content) -> None:
    compiled = compile_content(content)

    found = content_of(issue(compiled, revision=7, at=AT))

    assert found == compiled
    assert content_hash(found) == content_hash(compiled)


@given(contents)
def test_the_bytes_are_canonical_whatever_stands_in_them(content: Content) -> None:
    body = issue(compile_content(content), revision=1, at=AT)

    assert canonical(json.loads(body)) == body


def test_every_limit_of_a_scope_is_written_in_its_one_form() -> None:
    content = Content("USD", ["local"], [], [Rule({}, "unit:support")], [GUARDED])

    (scope,) = compile_content(content)["scopes"]

    assert scope["rates"] == {
        "requests_per_minute": 600,
        "tokens_per_minute": None,
        "usd_per_minute": "1.50",
        "concurrency": None,
    }
    assert scope["task_limits"] == {"steps": 40, "usd": "0.50"}
    assert scope["loop"] == {"calls": 20, "window_s": 600}
    assert scope["keep_fraction"] == "0.5"
    assert scope["probe"] == {"id": "probe:7:3", "calls": 10, "until": "2026-11-21T10:00:00Z"}
    assert scope["when_stale"] == {"mode": "bucket", "usd": "5.00"}
    assert scope["quotas"] == [
        {
            "id": "quota:4",
            "metric": "calls",
            "window": "day",
            "limit": "50",
            "mode": "hard",
            "per": "person",
            "resets_at": "2026-11-22T00:00:00Z",
            "exempt": ["ops@x"],
            "raises": [{"who": "ana@x", "limit": "100", "until": "2026-11-22T00:00:00Z"}],
        }
    ]


def test_a_route_says_where_calls_with_its_labels_go() -> None:
    route = RouteEntry("summarisation", "simple", "low", "economy", ["gpt-5-mini"], queue="batch")
    content = Content("USD", ["economy"], [], [], [], routes=[route])

    (written,) = compile_content(content)["routes"]

    assert written == {
        "task_type": "summarisation",
        "complexity": "simple",
        "risk": "low",
        "tier": "economy",
        "models": ["gpt-5-mini"],
        "queue": "batch",
    }
