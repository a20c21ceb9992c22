"""A credential is nowhere but sealed in its row and in the header of the request it is for."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog
from celery import current_app
from django.apps import apps
from django.core import serializers
from django.core.signals import got_request_exception
from django.test import Client
from django.utils import timezone
from django.views.debug import get_exception_reporter_filter

from ingestion.models import Connector
from org.models import AuditEntry
from org.operations.tokens import issue_token
from tests.fakes.provider import KEY, FakeProvider, Fault, running_provider
from tests.fakes.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, running_s3
from tests.ingestion.operations.conftest import Beat
from tests.org_cast import Cast

pytestmark = pytest.mark.django_db
URL = "/data/connectors/"
# Parts that a masking provider would leave legible.
TELLING = (KEY, KEY[-8:], KEY[9:25], SECRET_ACCESS_KEY, SECRET_ACCESS_KEY[-10:])


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


class Now(Beat):
    """The pages read the clock themselves, so the workers of these tests do too."""

    def clock(self) -> datetime:
        self.now = timezone.now()
        return self.now


@pytest.fixture
def beat() -> Now:
    return Now(timezone.now())


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return everything that is logged by anybody, at the most talkative level of our own."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is sent to workers."""
    sent: list[Any] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda *args, **kwargs: sent.append((args, kwargs))
    )
    return sent


def form(provider: FakeProvider, **changes: str) -> dict[str, str]:
    plain = {
        "name": "Costs",
        "account": "main",
        "address": provider.url,
        "interval_minutes": "60",
        "trailing_days": "1",
        "credential": KEY,
    }
    return plain | changes


def pages(client: Client) -> str:
    """Return every page that speaks of connectors and their imports."""
    urls = [URL, "/data/imports/"]
    for connector in Connector.objects.all():
        urls += [f"{URL}{connector.pk}/", f"{URL}{connector.pk}/edit/"]
    return "".join(client.get(url).text for url in urls)


def everything_kept() -> str:
    """Return every cell of every table that a page of ours may write, as text."""
    models = [model for app in ("org", "ingestion", "admin", "axes") for model in of_app(app)]
    return "\n".join(serializers.serialize("json", model.objects.all()) for model in models)


def of_app(label: str) -> Iterator[Any]:
    return apps.get_app_config(label).get_models()


def assert_says_nothing(text: str) -> None:
    for part in TELLING:
        assert part not in text, f"…{text[max(text.index(part) - 200, 0) :][:300]}…"


@pytest.mark.parametrize(
    ("credential", "fault"),
    [
        (KEY, None),
        (KEY, Fault("status", 500)),
        (KEY, Fault("truncated")),
        (KEY, Fault("status", 400)),
        ("wrong-" + KEY, None),  # the provider's refusal quotes it in full
    ],
    ids=["good", "500", "truncated", "400", "refused"],
)
def test_a_pull_tells_nobody(  # noqa: PLR0917 — everything that could tell is listened to
    cast: Cast,
    provider: FakeProvider,
    beat: Beat,
    log: io.StringIO,
    messages: list[Any],
    django_capture_on_commit_callbacks: Any,
    credential: str,
    fault: Fault | None,
) -> None:
    client = Client()
    client.force_login(cast.fiona, backend="django.contrib.auth.backends.ModelBackend")
    provider.faults = [fault] * 4 if fault else []
    with django_capture_on_commit_callbacks(execute=True), structlog.testing.capture_logs() as told:
        client.post(f"{URL}new/openai-costs/", form(provider, credential=credential))
        client.post(f"{URL}{Connector.objects.get().pk}/pull/")
        beat.clock()
        beat.turn()

    _, token = issue_token(
        user=cast.fiona,
        name="t",
        scopes=["imports:write"],
        expires_at=None,
        by=cast.fiona,
        at=beat.now,
    )
    delivery = Connector.objects.get().pulls.get().deliveries.first()
    api = client.get(
        f"/api/v1/imports/{delivery.pk if delivery else 1}",
        headers={"Authorization": f"Bearer {token}"},
    )

    # It was really used: this is what could have leaked.
    assert provider.asked[0].headers["authorization"] == f"Bearer {credential}"
    assert messages
    for text in (
        pages(client),
        api.text,
        log.getvalue(),
        json.dumps(told, default=repr),
        repr(messages),
        str([entry.detail for entry in AuditEntry.objects.all()]),
        everything_kept(),
        serializers.serialize("json", Connector.objects.all()),
    ):
        assert_says_nothing(text)


def test_a_bug_tells_nobody(
    cast: Cast,
    provider: FakeProvider,
    beat: Beat,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A library that quotes the header in its error is the worst that can happen."""
    client = Client()
    client.force_login(cast.fiona, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"{URL}new/openai-costs/", form(provider))

    def quoting(self: Any, method: str, url: Any, **given: Any) -> None:
        raise RuntimeError(f"cannot send {given['headers']}")

    monkeypatch.setattr("httpx.Client.stream", quoting)
    with structlog.testing.capture_logs() as told:
        beat.clock()
        beat.turn()

    assert told[-1]["event"] == "pull.attempt_failed"
    assert "RuntimeError" in Connector.objects.get().last_error
    for text in (pages(client), log.getvalue(), json.dumps(told, default=repr), everything_kept()):
        assert_says_nothing(text)


def test_the_report_of_a_crashing_page_hides_what_was_typed(
    cast: Cast, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(cast.fiona, backend="django.contrib.auth.backends.ModelBackend")
    reported: list[Any] = []

    def crash(**_: Any) -> None:
        raise RuntimeError("a bug")

    def report(request: Any, **_: Any) -> None:
        hiding = get_exception_reporter_filter(request)
        reported.append(hiding.get_post_parameters(request))

    monkeypatch.setattr("ingestion.views.connectors.add_connector", crash)
    got_request_exception.connect(report)
    try:
        answer = client.post(f"{URL}new/openai-costs/", form(provider))
    finally:
        got_request_exception.disconnect(report)

    assert answer.status_code == 500
    assert reported[0]["name"] == "Costs"
    assert_says_nothing(answer.text + str(reported))


def test_a_bucket_tells_nobody(cast: Cast, beat: Beat, log: io.StringIO) -> None:
    client = Client()
    client.force_login(cast.fiona, backend="django.contrib.auth.backends.ModelBackend")
    with running_s3() as store:
        given = {
            "name": "Exports",
            "bucket": BUCKET,
            "region": "us-east-1",
            "endpoint": store.url,
            "access_key_id": ACCESS_KEY_ID,
            "source": "tokenops",
            "interval_minutes": "60",
            "credential": SECRET_ACCESS_KEY,
        }
        client.post(f"{URL}new/s3/", given)
        with structlog.testing.capture_logs() as told:
            beat.clock()
            beat.turn()

        assert store.asked
    for text in (pages(client), log.getvalue(), json.dumps(told, default=repr), everything_kept()):
        assert_says_nothing(text)
