"""Server and sidecar, which share no code, agree: on documents, on signatures, on `assign`."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops import rules as servers
from ingestion.operations.rules import RuleDraft, publish_rules
from policy.document import (
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
    compile_content,
    issue,
)
from policy.keys import signature_header
from policy.models import ModelTier
from policy.operations.breaker import block
from policy.operations.publish import publish
from policy.queries.revisions import current_revision
from policy.serializers import KeySerializer
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.org_cast import Cast
from tokenops_sidecar.acceptance import Received, accept
from tokenops_sidecar.document import parse
from tokenops_sidecar.limits import Loop, Raise, Rates, TaskLimits
from tokenops_sidecar.match import Assignment, Rule
from tokenops_sidecar.policy import Policy, Probe, Route
from tokenops_sidecar.reading import Node
from tokenops_sidecar.signature import read_keys

NAMES = st.sampled_from(["key", "model", "tag.team"])
PATTERNS = st.text(alphabet="ab*?\n", max_size=4)
WHENS = st.dictionaries(NAMES, PATTERNS | st.lists(PATTERNS, max_size=3), max_size=3)
CALLS = st.dictionaries(NAMES, st.none() | st.text(alphabet="ab\n", max_size=4))


@given(st.lists(WHENS, max_size=8), CALLS)
def test_the_same_line_holds_for_both(
    whens: list[dict[str, str | list[str]]], call: dict[str, str | None]
) -> None:
    listed = [servers.Rule(when, f"scope-{place}") for place, when in enumerate(whens)]
    read = [Rule({name: _texts(w) for name, w in rule.when.items()}, rule.scope) for rule in listed]

    found = servers.first_match(listed, call)

    assert Assignment(read).scope_of(call) == (found.scope if found else None)


def test_what_the_server_publishes_the_sidecar_obeys(cast: Cast, at: datetime) -> None:
    drafter = drafter_scope(cast.support)
    cap(drafter, "45.00", by=cast.carl)
    claims = unit_scope(cast.claims)
    block(scope=claims, code="manual", text="Runaway loop.", by=cast.ed, at=at)
    ModelTier.objects.create(
        provider="openai", model="gpt-4o", tier="mid", reason="First.", recorded_at=at
    )
    when = {"workflow": ["drafter", "draft-*"]}
    rule = RuleDraft("Drafter", when, cast.support.pk, cost_object_id=drafter.cost_object_id)
    publish_rules(drafts=[rule], reason="As agreed", by=cast.fiona, at=at)

    policy = published(at)

    path = policy.path({"workflow": "draft-2"})
    assert [scope.id for scope in path] == [
        "initiative:support-drafter",
        "unit:support",
        "unit:operations",
        "unit:acme",
        "org",
    ]
    (daily,) = path[0].hard_caps
    assert (daily.limit_usd, daily.window) == (Decimal("45.00"), "day")
    (blocked,) = policy.paths["unit:claims"][:1]
    assert blocked.reason is not None
    assert (blocked.state, blocked.reason.text) == ("open", "Runaway loop. (blocked by Ed)")
    assert policy.models["openai", "gpt-4o"].tier == "mid"


def test_every_limit_that_the_document_can_hold_is_read_as_it_was_written(at: datetime) -> None:
    until = at + timedelta(hours=1)
    quota = QuotaEntry(
        "quota:4",
        "calls",
        "5h",
        Decimal(50),
        "hard",
        "person",
        None,
        exempt=["bot@x"],
        raises=[RaiseEntry("ana@x", Decimal(80), until)],
    )
    support = ScopeEntry(
        "unit:support",
        "Support",
        "org",
        state="half_open",
        reason=ReasonEntry("loop", "The same prompt again and again.", at, until),
        rates=RatesEntry(600, 200_000, Decimal("1.50"), 20),
        task_limits=TaskLimitsEntry(40, Decimal("0.50")),
        loop=LoopEntry(20, 600),
        quotas=[quota],
        keep_fraction=Decimal("0.25"),
        probe=ProbeEntry("probe:7:3", 10, until),
        protected=True,
    )
    content = Content(
        currency="USD",
        tiers=["economy", "frontier"],
        models=[
            ModelEntry(
                provider="openai",
                model="gpt-5-mini",
                tier="economy",
                batch=True,
                usd_per_mtok={"in_text": Decimal("0.25")},
            )
        ],
        assign=[servers.Rule({}, "unit:support")],
        scopes=[ScopeEntry("org", "Acme", None), support],
        routes=[RouteEntry("rewrite", "simple", "low", "economy", ["gpt-5-mini"], "batch")],
    )

    policy = parse(issue(compile_content(content), revision=1, at=at))

    scope, _ = policy.path({})
    assert scope.rates == Rates(600, 200_000, Decimal("1.50"), 20)
    assert scope.task_limits == TaskLimits(40, Decimal("0.50"))
    assert (scope.loop, scope.keep_fraction) == (Loop(20, 600), Decimal("0.25"))
    assert (scope.probe, scope.is_protected) == (Probe("probe:7:3", 10, until), True)
    (read,) = scope.quotas
    assert (read.id, read.metric, read.span_s, read.mode) == ("quota:4", "calls", 18_000, "hard")
    assert (read.limit, read.per) == (Decimal(50), "person")
    assert read.exempt == frozenset({"bot@x"})
    assert list(read.raises) == [Raise("ana@x", Decimal(80), until)]
    assert list(policy.routes.lines) == [
        Route("rewrite", "simple", "low", "economy", ("gpt-5-mini",), "batch")
    ]
    assert policy.models["openai", "gpt-5-mini"].has_batch


def published(at: datetime) -> Policy:
    """Publish, and take the revision up as a sidecar does that has the server's keys."""
    publish(cause="", by=None, at=at)
    revision = current_revision()
    assert revision is not None
    keys = read_keys(Node({"results": [KeySerializer(revision.key).data]}))
    header = signature_header(bytes(revision.signature), key_id=revision.key.key_id)
    received = Received(bytes(revision.body), header)
    return accept(received, keys=keys, last=None, at=at).policy


def _texts(wanted: servers.Wanted) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)
