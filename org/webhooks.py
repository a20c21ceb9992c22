"""What a webhook gets: a notice as JSON, signed with the secret that only its reader has."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from org.models import Notice, Webhook
from org.outbound import Sent, post
from org.sealing import Secret, Unreadable, unseal


def post_notice(webhook: Webhook, notice: Notice, *, at: datetime) -> Sent:
    """Send a notice; the id stays the same however often it is sent."""
    try:
        secret = unseal(bytes(webhook.sealed_secret))
    except Unreadable as error:
        return Sent(is_taken=False, is_final=False, answer=str(error))
    body = json.dumps(written(notice), separators=(",", ":")).encode()
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "TokenOps",
        "TokenOps-Notice": str(notice.pk),
        "TokenOps-Timestamp": timestamp,
        "TokenOps-Signature": f"sha256={signature(secret, timestamp=timestamp, body=body)}",
    }
    return post(webhook.url, body, headers)


def signature(secret: Secret, *, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256, in hex, over the timestamp, a full stop and the body."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()


def written(notice: Notice) -> dict[str, Any]:
    """Return a notice as it goes over the wire."""
    return {
        "id": notice.pk,
        "kind": notice.kind,
        "title": notice.title,
        "text": notice.text,
        "url": settings.TOKENOPS_BASE_URL + notice.url,
        "subject": notice.subject,
        "unit": notice.unit.slug if notice.unit else None,
        "by": notice.by.username if notice.by else None,
        "at": notice.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
