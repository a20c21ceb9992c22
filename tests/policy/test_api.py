"""REST: usage past a cap blocks in the next revision; the fleet reports; the keys verify."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingestion.models import Event
from ingestion.operations.rules import RuleDraft, publish_rules
from org.models import User
from policy.keys import is_signed
from policy.models import PolicyRevision, Sidecar
from policy.operations.publish import publish
from tests.factories.org import new_token
from tests.factories.policy import cap, drafter_scope, org_scope, spend, unit_scope
from tests.org_cast import Cast

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = ["policy:read", "usage:write"]


def caller(user: User, *scopes: str) -> Client:
    """Return a client that carries a token of the user."""
    secret = f"tok_{user.username}_{len(scopes)}"
    new_token(secret=secret, user=user, scopes=list(scopes) or ALL, created_at=timezone.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def record(name: str, usd: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "started_at": timezone.now().isoformat(),
        "provider": "openai",
        "model": "gpt-5",
        "workflow": "support-drafter",
        "tokens": {"in_text": 1000, "out_text": 100},
        "cost_usd": usd,
        **more,
    }


def push(client: Client, body: object, path: str = "/api/v1/usage", **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = headers.pop("kind", "application/json")
    return client.post(path, data=content, content_type=kind, headers=headers)


@pytest.fixture
def engineer(cast: Cast) -> Client:
    return caller(cast.ed)


@pytest.fixture
def drafter(cast: Cast) -> Any:
    """Cap the experiment at $45 a day, and let its workflow's calls lead to it."""
    scope = drafter_scope(cast.support)
    publish_rules(
        drafts=[
            RuleDraft(
                "Drafter",
                {"workflow": "support-drafter"},
                unit_id=cast.support.pk,
                cost_object_id=scope.cost_object_id,
            )
        ],
        reason="Test.",
        by=cast.fiona,
        at=AT,
    )
    cap(scope, "45.00", by=cast.carl)
    publish(cause="First.", by=None, at=AT)
    return scope


def state_of(revision: PolicyRevision, slug: str) -> dict[str, Any]:
    scopes = json.loads(bytes(revision.body))["scopes"]
    found: dict[str, Any] = next(scope for scope in scopes if scope["id"] == slug)
    return found


def test_usage_past_the_cap_blocks_in_the_revision_it_is_answered_with(
    engineer: Client, drafter: Any
) -> None:
    below = push(engineer, [record("1", "38.24")]).json()
    assert below == {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": [], "revision": 1}

    past = push(engineer, [record("2", "7.86")]).json()

    assert past["revision"] == 2
    scope = state_of(PolicyRevision.objects.get(pk=2), drafter.slug)
    assert (scope["state"], scope["reason"]["code"]) == ("open", "cap_day")
    assert "Spend of $46.10 on" in scope["reason"]["text"]
    assert "passed the daily cap of $45.00, set by Carl" in scope["reason"]["text"]
    assert scope["reason"]["until"] == scope["caps"][0]["resets_at"]
    assert scope["reason"]["owner"] == "Grace"


def test_the_same_usage_again_counts_once(engineer: Client, drafter: Any) -> None:
    records = [record("1", "30.00")]
    push(engineer, records)

    again = push(engineer, records).json()

    assert (again["accepted"], again["duplicate"], again["revision"]) == (0, 1, 1)


def test_a_bad_record_is_rejected_by_its_place_and_the_rest_is_stored(
    engineer: Client, drafter: Any
) -> None:
    good, bad = record("1", "1.00"), record("2", "1.00", provider=None)
    lines = b"\n".join([b"{oops", json.dumps(bad).encode(), json.dumps(good).encode()])

    answer = push(engineer, lines, kind="application/x-ndjson").json()

    assert answer["accepted"] == 1
    assert [(row["index"], row["id"]) for row in answer["rejected"]] == [(0, ""), (1, "2")]
    assert Event.objects.count() == 1


def test_gzipped_usage_is_taken(engineer: Client, drafter: Any) -> None:
    body = gzip.compress(json.dumps({"records": [record("1", "1.00")]}).encode())

    answer = push(engineer, body, **{"Content-Encoding": "gzip"})

    assert answer.json()["accepted"] == 1


def test_a_key_sent_twice_is_answered_alike(engineer: Client, drafter: Any) -> None:
    body = [record("1", "1.00")]

    first = push(engineer, body, **{"Idempotency-Key": "k"})
    again = push(engineer, body, **{"Idempotency-Key": "k"})

    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert push(engineer, [], **{"Idempotency-Key": "k"}).status_code == 422


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"", 400), (b"3", 400)])
def test_a_broken_body_is_a_problem(engineer: Client, body: bytes, status: int) -> None:
    answer = push(engineer, body)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_too_many_records_are_a_problem(engineer: Client) -> None:
    answer = push(engineer, [{}] * 5001)

    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")


def test_litellms_payload_is_taken(engineer: Client, drafter: Any) -> None:
    payload = {
        "id": "chatcmpl-1",
        "call_type": "acompletion",
        "model": "gpt-5",
        "custom_llm_provider": "openai",
        "startTime": timezone.now().timestamp(),
        "endTime": timezone.now().timestamp(),
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "total_tokens": 110,
        "response_cost": 0.01,
        "status": "success",
        "metadata": {},
    }

    answer = push(engineer, payload, "/api/v1/usage/litellm").json()

    assert (answer["accepted"], answer["rejected"]) == (1, [])


def test_usage_needs_its_scope(cast: Cast) -> None:
    reader = caller(cast.ed, "policy:read")

    answer = push(reader, [])

    assert answer.status_code == 403
    assert "usage:write" in answer.json()["detail"]


def test_a_session_reads_the_document_under_its_etag(cast: Cast, drafter: Any) -> None:
    auditor = Client()
    auditor.force_login(cast.aud)

    answer = auditor.get("/api/v1/policy")

    revision = PolicyRevision.objects.get()
    again = auditor.get("/api/v1/policy", headers={"If-None-Match": answer.headers["ETag"]})
    assert answer.content == bytes(revision.body)
    assert answer.headers["TokenOps-Revision"] == "1"
    assert (again.status_code, again.content) == (304, b"")


def test_the_published_keys_verify_the_document(engineer: Client, drafter: Any) -> None:
    document = engineer.get("/api/v1/policy")
    signature, _, key_id = document.headers["TokenOps-Signature"].partition(";key=")
    [key] = engineer.get("/api/v1/policy/keys").json()["results"]

    assert (key["id"], key["algorithm"]) == (key_id, "ed25519")
    assert is_signed(
        document.content,
        signature=base64.b64decode(signature.removeprefix("ed25519=")),
        public=base64.b64decode(key["public_key"]),
    )


def test_before_anything_is_published_the_answer_says_so(engineer: Client) -> None:
    answer = engineer.get("/api/v1/policy")

    assert (answer.status_code, answer.json()["title"]) == (503, "Nothing published yet")


@pytest.mark.parametrize("path", ["policy", "policy/revisions", "policy/revisions/1"])
def test_a_manager_of_one_unit_does_not_read_what_covers_all(
    cast: Cast, drafter: Any, path: str
) -> None:
    answer = caller(cast.grace, "policy:read").get(f"/api/v1/{path}")

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["policy", "policy/keys", "policy/counters"])
def test_a_stranger_reads_nothing(cast: Cast, drafter: Any, path: str) -> None:
    stranger = Client()

    assert stranger.get(f"/api/v1/{path}").status_code == 401
    stranger.force_login(cast.stan)
    assert stranger.get(f"/api/v1/{path}").status_code == 403


def test_revisions_are_listed_with_cause_and_author(engineer: Client, drafter: Any) -> None:
    push(engineer, [record("1", "46.00")])

    listed = engineer.get("/api/v1/policy/revisions").json()
    one = engineer.get("/api/v1/policy/revisions/2").json()

    assert [(row["revision"], row["author"]) for row in listed["results"]] == [(2, "Ed"), (1, None)]
    assert listed["next"] is None
    assert one["changes"][0]["scope"] == drafter.slug
    assert one["document"]["revision"] == 2
    assert engineer.get("/api/v1/policy/revisions/9").status_code == 404


def test_counters_are_exact_and_only_of_units_one_sees(cast: Cast, drafter: Any) -> None:
    cap(unit_scope(cast.claims), "10.00")
    cap(org_scope(), "100.00", window="total")
    today = timezone.now().date()
    spend("1.000000000001", unit=cast.support, cost_object=drafter.cost_object, on=today)

    rows = {
        name: caller(getattr(cast, name)).get("/api/v1/policy/counters").json()["results"]
        for name in ("ed", "grace")
    }

    [own] = rows["grace"]
    assert {row["scope"] for row in rows["ed"]} == {drafter.slug, "unit:claims", "org"}
    assert own["scope"] == drafter.slug
    assert (own["limit_usd"], own["spent_usd"]) == ("45.00", "1.000000000001")
    assert own["remaining_usd"] == "43.999999999999"


def test_a_sidecar_reports_what_it_runs_and_what_it_refused(engineer: Client, drafter: Any) -> None:
    report = {"sidecar": "eu-1", "revision": 1, "applied_at": AT.isoformat(), "version": "0.1"}

    answer = engineer.post("/api/v1/policy/status", report, content_type="application/json")

    assert answer.json() == {"current_revision": 1, "tripped": []}
    row = Sidecar.objects.get()
    assert (row.name, row.revision, row.applied_at, row.version) == ("eu-1", 1, AT, "0.1")
    refusal = report | {"errors": [{"revision": 1, "detail": "The signature is wrong."}]}
    engineer.post("/api/v1/policy/status", refusal, content_type="application/json")
    row.refresh_from_db()
    assert (row.refused_revision, row.refusal) == (1, "The signature is wrong.")


def test_a_revision_that_does_not_exist_cannot_be_run(engineer: Client, drafter: Any) -> None:
    report = {"sidecar": "eu-1", "revision": 2}

    answer = engineer.post("/api/v1/policy/status", report, content_type="application/json")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/revision"


def test_a_report_without_a_name_says_where(engineer: Client) -> None:
    answer = engineer.post("/api/v1/policy/status", {}, content_type="application/json")

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/sidecar", "/revision"]
