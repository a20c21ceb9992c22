"""The routers that pull the policy, and the tokens that machines carry."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from dashboard.demo.cast import Cast
from dashboard.demo.company import ROUTER
from dashboard.demo.history import History, Scene
from org.models.tokens import Scope as TokenScope
from org.operations.tokens import issue_token
from policy.models import Cap, PolicyRevision, Sidecar
from policy.operations.fleet import RefusedRevision, record_status
from policy.operations.leases import LeaseAsked, grant_lease
from policy.operations.settlements import settle_lease
from policy.queries.revisions import current_number

VERSION, OLD_VERSION = "1.4.2", "1.3.0"
TOKEN_LIFE = timedelta(days=360)
TAKES = timedelta(milliseconds=420)  # from a revision's issue until the nearest router obeys it
FLEET = ("batch-runner-1", "gateway-eu-1", "gateway-us-1", "support-edge-1")
REVISIONS_BEHIND = 4
LEASED = "initiative:reply-autopilot"
LEASES_IN_CAP = 40  # what a router asks for at a time, as a part of the daily cap
LEASED_TODAY = 0.97
LEASE_USED = timedelta(seconds=20)
REFUSAL = "scopes[3].caps[1].mode: 'soft' is not known to this version; upgrade the sidecar."


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    yield Scene(history.ago(60, "16:00"), partial(_issue_tokens, cast))
    yield Scene(history.moment_today(0.95), _report_late)
    yield Scene(history.moment_today(LEASED_TODAY), partial(_lease, cast))
    yield Scene(history.now, _report)


def report_all(at: datetime) -> None:
    """Let every router of the company report that it runs the newest revision."""
    report(FLEET, at)


def report(names: Sequence[str], at: datetime) -> None:
    revision = current_number() or 0
    for name in names:
        record_status(
            sidecar=name,
            version=VERSION,
            revision=revision,
            applied_at=at,
            errors=(),
            at=at,
        )


def _issue_tokens(cast: Cast, at: datetime) -> None:
    """Make the two tokens that machines use; their secrets are told to nobody."""
    wanted = (
        (ROUTER, "routing sidecars", [TokenScope.POLICY_READ, TokenScope.USAGE_WRITE]),
        ("finance", "BI warehouse", [TokenScope.SPEND_READ]),
    )
    for username, name, scopes in wanted:
        issue_token(
            user=cast.users[username],
            name=name,
            scopes=scopes,
            expires_at=at + TOKEN_LIFE,
            by=cast.users["admin"],
            at=at,
        )


def _report_late(at: datetime) -> None:
    """Let one sidecar be stuck at the revision that it ran, and one refuse the newest."""
    newest = current_number() or 1
    stuck = Sidecar.objects.filter(name="batch-runner-1").first()
    old = stuck.revision if stuck else max(newest - REVISIONS_BEHIND, 1)
    record_status(
        sidecar="batch-runner-1",
        version=VERSION,
        revision=old,
        applied_at=PolicyRevision.objects.get(number=old).issued_at + TAKES * 4,
        errors=(),
        at=at,
    )
    before = max(newest - 1, 1)
    record_status(
        sidecar="support-edge-1",
        version=OLD_VERSION,
        revision=before,
        applied_at=PolicyRevision.objects.get(number=before).issued_at + TAKES * 2,
        errors=(RefusedRevision(newest, REFUSAL),),
        at=at,
    )


def _lease(cast: Cast, at: datetime) -> None:
    """Let two routers hold money of an experiment, one of which told already what it used."""
    cap = Cap.objects.get(scope__slug=LEASED, window=Cap.Window.DAY, retired_at=None)
    asks_usd = cap.limit_usd / LEASES_IN_CAP
    router = cast.users[ROUTER]
    for name in ("gateway-eu-1", "support-edge-1"):
        asked = LeaseAsked(sidecar=name, cap=cap.public_id, usd=asks_usd)
        lease = grant_lease(asked=asked, by=router, at=at).lease
        if name == "gateway-eu-1":
            settle_lease(
                public_id=lease.public_id,
                sequence=1,
                used_usd=lease.granted_usd / 2,
                final=True,
                by=router,
                at=at + LEASE_USED,
            )


def _report(at: datetime) -> None:
    newest = PolicyRevision.objects.latest("number")
    for name, took in (("gateway-eu-1", TAKES), ("gateway-us-1", TAKES * 3)):
        record_status(
            sidecar=name,
            version=VERSION,
            revision=newest.number,
            applied_at=min(newest.issued_at + took, at),
            errors=(),
            at=at,
        )
