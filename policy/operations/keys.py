"""Signing keys: made on first need, followed by the next one before they end."""

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import transaction

from org import audit
from org.models import User
from policy import keys
from policy.models import SigningKey

log = structlog.get_logger()

LIFETIME = timedelta(days=400)
# Both keys are published while routers take up the new one.
OVERLAP = timedelta(days=30)


class Signed(NamedTuple):
    signature: bytes
    key: SigningKey


def signing_key(*, at: datetime) -> SigningKey:
    """Return the key that signs now: the newest, or a new one where it is about to end.

    Called under the publication's lock, so that two callers never make two keys.
    """
    newest = SigningKey.objects.filter(not_before__lte=at).order_by("-not_before", "-pk").first()
    if newest is None or newest.not_after - at < OVERLAP:
        return _make_key(at=at)
    return newest


def sign(body: bytes, *, key: SigningKey, at: datetime) -> Signed:
    """Sign exact bytes; a key that SECRET_KEY no longer opens is followed by a new one."""
    try:
        return Signed(_sign(body, key), key)
    except keys.Unreadable:
        log.warning("policy.key_unreadable", key=key.key_id)
        fresh = _make_key(at=at)
        return Signed(_sign(body, fresh), fresh)


@transaction.atomic
def rotate_key(*, by: User | None, at: datetime) -> SigningKey:
    """Make the next key; the present one stays published for the overlap, and signs no more.

    Follow it with `publish`, which signs the standing document anew.
    """
    audit.record(actor=by, action="policy.key_rotated", subject="policy", at=at)
    ending = SigningKey.objects.select_for_update().filter(not_after__gt=at + OVERLAP)
    ending.update(not_after=at + OVERLAP)
    return _make_key(at=at)


def _make_key(*, at: datetime) -> SigningKey:
    pair = keys.make_pair(secret=settings.SECRET_KEY)
    key_id = f"{at:%Y%m%d}-{pair.public.hex()[:8]}"
    log.info("policy.key_made", key=key_id)
    return SigningKey.objects.create(
        key_id=key_id,
        public_key=pair.public,
        private_key=pair.sealed_private,
        not_before=at,
        not_after=at + LIFETIME,
    )


def _sign(body: bytes, key: SigningKey) -> bytes:
    sealed = bytes(key.private_key)
    return keys.sign(body, sealed_private=sealed, secret=settings.SECRET_KEY)
