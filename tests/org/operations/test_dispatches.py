"""The outbox: sent once by one worker, tried again in time, given up in the end."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from org.models import Dispatch, Notice, NoticeKind, Webhook
from org.operations import dispatches
from org.operations.dispatches import LEASE, claim_next, send_next, settle
from org.operations.webhooks import add_webhook, end_webhook, send_test, try_again
from org.outbound import Sent
from org.refusals import NotAllowed, Refusal
from org.sealing import Secret
from org.tasks import send, sweep_outbox
from org.webhooks import signature
from tests.fakes.listener import FakeListener, running_listener
from tests.fakes.mailbox import FakeMailbox, running_mailbox
from tests.org.operations.test_notices import told
from tests.org_cast import Cast, gather
from tests.races import race

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[FakeMailbox]:
    with running_mailbox() as server:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.TOKENOPS_BASE_URL = "https://tokenops.example"
        yield server


@pytest.fixture
def listener(settings: Any) -> Iterator[FakeListener]:
    settings.TOKENOPS_WEBHOOKS_INSIDE = True
    settings.TOKENOPS_BASE_URL = "https://tokenops.example"
    with running_listener() as server:
        yield server


def listening(cast: Cast, listener: FakeListener, *, at: datetime) -> tuple[Webhook, str]:
    return add_webhook(
        name="Chat", url=f"{listener.url}/hook", kinds=["decision"], by=cast.fiona, at=at
    )


def send_all(at: datetime) -> int:
    sent = 0
    while send_next(clock=lambda: at):
        sent += 1
    return sent


def test_a_mail_says_what_happened_and_where(
    cast: Cast, at: datetime, mailbox: FakeMailbox
) -> None:
    notice = told(cast, at=at)
    assert notice is not None

    assert send_all(at) == 1

    (mail,) = mailbox.mails
    assert "Subject: The budget was approved" in mail
    assert f"To: {cast.grace.email}" in mail
    assert "https://tokenops.example/budgets/7/" in mail
    dispatch = Dispatch.objects.get()
    assert f"<notice-{notice.pk}-{dispatch.pk}@" in mail
    assert (dispatch.state, dispatch.sent_at, dispatch.attempts) == ("sent", at, 1)


def test_a_mail_server_that_is_busy_is_asked_again_later_and_later(
    cast: Cast, at: datetime, mailbox: FakeMailbox
) -> None:
    told(cast, at=at)
    mailbox.faults += ["451 later", "451 later"]

    assert send_all(at) == 1
    assert send_all(at + timedelta(seconds=29)) == 0
    assert send_all(at + timedelta(seconds=30)) == 1
    assert send_all(at + timedelta(seconds=89)) == 0
    assert send_all(at + timedelta(seconds=90)) == 1

    assert len(mailbox.mails) == 1
    assert Dispatch.objects.get().attempts == 3


def test_a_mailbox_that_does_not_exist_is_given_up_at_once(
    cast: Cast, at: datetime, mailbox: FakeMailbox
) -> None:
    told(cast, at=at)
    mailbox.faults.append("550 no such user")

    send_all(at)

    assert Dispatch.objects.get().state == "dead"


def test_a_mail_server_that_is_away_is_no_error(cast: Cast, at: datetime, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
    told(cast, at=at)

    assert send_all(at) == 1

    dispatch = Dispatch.objects.get()
    assert dispatch.state == "waiting"
    assert dispatch.last_answer == "The mail server could not take it: ConnectionRefusedError."


def test_a_webhook_gets_the_notice_signed(cast: Cast, at: datetime, listener: FakeListener) -> None:
    _, secret = listening(cast, listener, at=at)
    notice = told(cast, at=at, to=[])
    assert notice is not None

    send_all(at)

    (got,) = listener.got
    assert got.path == "/hook"
    assert json.loads(got.body) == {
        "id": notice.pk,
        "kind": "decision",
        "title": "The budget was approved",
        "text": "As planned.",
        "url": "https://tokenops.example/budgets/7/",
        "subject": "budget:7",
        "unit": "support",
        "by": "carl",
        "at": "2026-11-20T12:00:00Z",
    }
    timestamp = got.headers["tokenops-timestamp"]
    assert timestamp == str(int(at.timestamp()))
    expected = signature(Secret(secret), timestamp=timestamp, body=got.body)
    assert got.headers["tokenops-signature"] == f"sha256={expected}"


def test_the_signature_is_that_of_the_published_example() -> None:
    # echo -n '1700000000.{"id":1}' | openssl dgst -sha256 -hmac whsec_example
    made = signature(Secret("whsec_example"), timestamp="1700000000", body=b'{"id":1}')

    assert made == "a2b029aab4264ed92cbe54263f88ea8ef7cd0bef6578f1611962ee67666dd3ca"


def test_only_the_kinds_asked_for_are_sent(
    cast: Cast, at: datetime, listener: FakeListener
) -> None:
    listening(cast, listener, at=at)

    told(cast, at=at, to=[], kind=NoticeKind.STOP)

    assert send_all(at) == 0


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, "Answered 500."),
        (429, "Answered 429."),
        (302, "Answered 302, a redirect, which is not followed."),
    ],
)
def test_a_fault_is_tried_again_under_the_same_id(
    cast: Cast, at: datetime, listener: FakeListener, status: int, answer: str
) -> None:
    listening(cast, listener, at=at)
    told(cast, at=at, to=[])
    listener.statuses.append(status)

    send_all(at)
    assert Dispatch.objects.get().last_answer == answer
    send_all(at + timedelta(seconds=30))

    assert Dispatch.objects.get().state == "sent"
    assert {got.path for got in listener.got} == {"/hook"}
    assert len({got.headers["tokenops-notice"] for got in listener.got}) == 1


def test_a_listener_that_says_nothing_is_left_alone(
    cast: Cast, at: datetime, listener: FakeListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("org.outbound.TIMEOUT", 0.2)
    listening(cast, listener, at=at)
    told(cast, at=at, to=[])
    listener.statuses.append(0)

    send_all(at)

    assert Dispatch.objects.get().last_answer == "127.0.0.1 did not answer in time."


def test_what_is_gone_is_not_tried_again(cast: Cast, at: datetime, listener: FakeListener) -> None:
    listening(cast, listener, at=at)
    told(cast, at=at, to=[])
    listener.statuses.append(410)

    send_all(at)

    assert Dispatch.objects.get().state == "dead"


def test_after_a_day_it_is_given_up_and_can_be_sent_by_hand(
    cast: Cast, at: datetime, listener: FakeListener
) -> None:
    listening(cast, listener, at=at)
    told(cast, at=at, to=[])
    listener.statuses += [500] * 50
    now, attempts = at, 0
    while Dispatch.objects.get().state == "waiting":
        attempts += send_next(clock=partial(max, now, at))
        now = max(now, Dispatch.objects.get().not_before)

    # 30 s doubling to 32 min is seven pauses in 63 min 30 s; then one each hour until 24 h.
    assert attempts == 31
    assert now - at >= timedelta(hours=23)
    listener.statuses.clear()
    try_again(dispatch_id=Dispatch.objects.get().pk, by=cast.fiona, at=now)
    send_all(now)
    assert Dispatch.objects.get().state == "sent"


def test_old_news_is_not_sent_at_all(cast: Cast, at: datetime, mailbox: FakeMailbox) -> None:
    told(cast, at=at)

    send_all(at + timedelta(hours=24))

    assert mailbox.mails == []
    assert Dispatch.objects.get().last_answer == "Not sent: it was older than a day."


def test_a_worker_that_dies_leaves_it_to_the_next_once_its_lease_is_over(
    cast: Cast, at: datetime, mailbox: FakeMailbox
) -> None:
    told(cast, at=at)
    lost = claim_next(at=at)
    assert lost is not None

    assert send_all(at + LEASE - timedelta(seconds=1)) == 0
    assert send_all(at + LEASE) == 1

    settle(lost, Sent(is_taken=False, is_final=True, answer="late"), at=at + LEASE)
    assert Dispatch.objects.get().state == "sent"
    assert len(mailbox.mails) == 1


def test_an_ended_webhook_gets_nothing_any_more(
    cast: Cast, at: datetime, listener: FakeListener
) -> None:
    webhook, _ = listening(cast, listener, at=at)
    told(cast, at=at, to=[])

    end_webhook(webhook_id=webhook.pk, by=cast.ada, at=at)
    told(cast, at=at, to=[])

    assert send_all(at) == 0
    assert [each.state for each in Dispatch.objects.all()] == ["dead"]
    with pytest.raises(Refusal, match="was ended"):
        send_test(webhook_id=webhook.pk, by=cast.ada, at=at)


def test_a_test_says_that_it_is_one(cast: Cast, at: datetime, listener: FakeListener) -> None:
    webhook, _ = listening(cast, listener, at=at)

    send_test(webhook_id=webhook.pk, by=cast.fiona, at=at)
    send_all(at)

    assert json.loads(listener.got[0].body)["kind"] == "test"


def test_only_finance_and_administrators_manage_webhooks(cast: Cast, at: datetime) -> None:
    for person in (cast.carl, cast.grace, cast.ed, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            add_webhook(name="x", url="https://example.org/", kinds=["stop"], by=person, at=at)


def test_the_secret_is_kept_sealed(cast: Cast, at: datetime, listener: FakeListener) -> None:
    webhook, secret = listening(cast, listener, at=at)

    assert secret.startswith("whsec_")
    assert secret.encode() not in bytes(Webhook.objects.get(pk=webhook.pk).sealed_secret)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends_each(at: datetime, settings: Any) -> None:
    settings.TOKENOPS_WEBHOOKS_INSIDE = True
    cast = gather()
    with running_listener() as listener:
        add_webhook(name="Chat", url=listener.url, kinds=["decision"], by=cast.fiona, at=at)
        for _ in range(20):
            told(cast, at=at, to=[])

        race(*[lambda: send_all(at)] * 4)

        assert len(listener.got) == 20
        assert len({got.headers["tokenops-notice"] for got in listener.got}) == 20
    assert Notice.objects.count() == Dispatch.objects.filter(state="sent").count() == 20


def test_the_task_sends_until_nothing_is_due(
    cast: Cast, mailbox: FakeMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    told(cast, at=timezone.now())
    monkeypatch.setattr("org.doorbell.ring", lambda task, **_: rung.append(task))

    sweep_outbox()
    send()
    sweep_outbox()

    assert len(mailbox.mails) == 1
    assert rung == ["org.tasks.send"]
    assert dispatches.is_anything_due(at=timezone.now()) is False
