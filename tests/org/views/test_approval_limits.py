"""The approval limits: preset by the profile, set by a form, read over REST."""

import re
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from finops.signing import Limit
from org.models import ApprovalLimit, ApprovalLimits, User
from org.operations.profile import lift_override
from org.operations.signing import set_limits
from org.queries.profile import profile_version
from org.refusals import Invalid, NotAllowed, Stale
from tests.factories.signing import limited
from tests.org_cast import Cast

URL = "/settings/approvals/"


@pytest.fixture(autouse=True)
def _clock(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content.decode())))


def typed(*lines: tuple[str, str, int], version: int = 0) -> dict[str, Any]:
    given: dict[str, Any] = {
        "version": version,
        "reason": "The board wants more eyes.",
        "limit-TOTAL_FORMS": len(lines) + 1,
        "limit-INITIAL_FORMS": 0,
        f"limit-{len(lines)}-role": "cfo",
        f"limit-{len(lines)}-signers": 1,
    }
    for place, (usd, role, signers) in enumerate(lines):
        given |= {
            f"limit-{place}-from_usd": usd,
            f"limit-{place}-role": role,
            f"limit-{place}-signers": signers,
        }
    return given


def test_the_profile_presets_who_signs(cast: Cast, at: datetime) -> None:
    page = words(signed_in(cast.grace).get(URL).content)
    assert "1 CFO signs. Nobody signs what the same person asked for, nor twice." in page
    lift_override(
        name="override_deciders", reason="An enterprise after all.",
        version=profile_version(), by=cast.carl, at=at,
    )  # fmt: skip

    page = words(signed_in(cast.grace).get(URL).content)

    assert "1 CFO signs; from $250,000.00 on 2 CFOs and 1 FinOps analyst." in page
    assert "Preset by the size of the company's profile" in page
    assert "Set others" not in page


def test_others_are_set_by_the_form_and_kept(cast: Cast, at: datetime) -> None:
    client = signed_in(cast.carl)

    answer = client.post(URL, typed(("0", "finance", 1), ("5000", "cfo", 1)), follow=True)

    page = words(answer.content)
    assert "1 FinOps analyst signs; from $5,000.00 on 1 CFO." in page
    assert "Set by Carl on" in page
    assert "1 FinOps analyst from $0.00, 1 CFO from $5,000.00" in page
    api = client.get("/api/v1/approval-limits").json()
    assert (api["version"], api["by"]) == (1, "carl")
    assert api["limits"][1] == {"from_usd": "5000.00", "role": "cfo", "signers": 1}


def test_what_leaves_an_amount_unsigned_is_said(cast: Cast) -> None:
    answer = signed_in(cast.carl).post(URL, typed(("5", "cfo", 1)))

    assert answer.status_code == 422
    assert "Say who signs from $0.00 on" in words(answer.content)
    assert not ApprovalLimits.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("grace", 403), ("fiona", 403), ("stan", 404)])
def test_only_a_cfo_and_an_administrator_set_them(cast: Cast, name: str, status: int) -> None:
    answer = signed_in(getattr(cast, name)).post(URL, typed(("0", "cfo", 2)))

    assert answer.status_code == status
    assert not ApprovalLimits.objects.exists()


def test_the_operation_refuses_what_the_form_does(cast: Cast, at: datetime) -> None:
    limited(cast, at=at)

    def put(limit: Limit, *, by: User, version: int = 1, reason: str = "So.") -> None:
        set_limits(limits=[limit], reason=reason, version=version, by=by, at=at)

    two = Limit(Decimal(0), "cfo", 2)
    with pytest.raises(NotAllowed):
        put(two, by=cast.fiona)
    with pytest.raises(Stale):
        put(two, by=cast.carl, version=0)
    with pytest.raises(Invalid, match="Say why"):
        put(two, by=cast.carl, reason=" ")
    with pytest.raises(Invalid, match="signs, not “auditor”"):
        put(Limit(Decimal(0), "auditor", 1), by=cast.carl)
    with pytest.raises(Invalid, match="nothing would change"):
        limited(cast, at=at, version=1)


def test_the_database_lets_nobody_edit_them(cast: Cast, at: datetime) -> None:
    limited(cast, at=at)

    with pytest.raises(DatabaseError), transaction.atomic():
        ApprovalLimits.objects.update(reason="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        ApprovalLimit.objects.all().delete()
