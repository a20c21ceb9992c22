"""API tokens: made with a secret that is shown once, recognised by its hash, revoked at once."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from org import audit
from org.models import ApiToken, User
from org.models.tokens import Scope
from org.permissions import can_manage_people, roles_allowing, scopes_of
from org.refusals import Invalid, NotAllowed

SECRET_MARK = "tok_"  # noqa: S105 — public: it lets scanners recognise a leaked token
SECRET_BYTES = 24
PREFIX_LENGTH = 8
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    by: User,
    at: datetime,
) -> tuple[ApiToken, str]:
    """Make a token that acts as the user, and return it with its secret, which is kept nowhere.

    Without `expires_at` it lives 90 days. Beyond the prefix, 168 random bits stay unknown, so
    one fast hash is enough to compare by.
    """
    if by.pk != user.pk and not can_manage_people(by):
        raise NotAllowed("Only an Administrator makes tokens for other accounts.")
    if not name.strip():
        raise Invalid.of("name", "A token needs a name, such as what will use it.")
    allowed = _checked_scopes(scopes, user=user)
    ends_at = _checked_end(expires_at, at=at)
    secret = SECRET_MARK + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken.objects.create(
        name=name.strip(),
        user=user,
        prefix=secret[:PREFIX_LENGTH],
        digest=digest_of(secret),
        scopes=allowed,
        created_at=at,
        created_by=by,
        expires_at=ends_at,
    )
    detail = {"name": token.name, "of": user.username, "scopes": allowed, "expires_at": ends_at}
    audit.record(actor=by, action="token.issued", subject=f"token:{token.pk}", at=at, detail=detail)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User, at: datetime) -> ApiToken:
    """End a token at once; ending it again changes nothing."""
    if by.pk != token.user_id and not can_manage_people(by):
        raise NotAllowed("Only its owner or an Administrator revokes a token.")
    locked = ApiToken.objects.select_for_update().get(pk=token.pk)
    if locked.revoked_at is None:
        locked.revoked_at = at
        locked.save(update_fields=["revoked_at"])
        subject = f"token:{token.pk}"
        detail = {"name": token.name}
        audit.record(actor=by, action="token.revoked", subject=subject, at=at, detail=detail)
    return locked


def note_use(token: ApiToken, *, address: str | None, at: datetime) -> None:
    """Remember when and from where a token was used, at most once a minute."""
    since = at - USE_IS_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > since:
        return
    not_noted = Q(last_used_at__isnull=True) | Q(last_used_at__lte=since)
    ApiToken.objects.filter(not_noted, pk=token.pk).update(last_used_at=at, last_used_from=address)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checked_scopes(scopes: Collection[str], *, user: User) -> list[str]:
    """Return the scopes in their usual order; refuse unknown ones and those beyond the roles."""
    if unknown := sorted(set(scopes) - set(Scope.values)):
        raise Invalid.of("scopes", f"There is no scope {unknown[0]!r}: take {_all_scopes()}.")
    if not scopes:
        raise Invalid.of("scopes", f"A token needs at least one scope of {_all_scopes()}.")
    wanted = [scope for scope in Scope if scope in scopes]
    allowed = scopes_of(user)
    for scope in wanted:
        if scope not in allowed:
            raise Invalid.of(
                "scopes",
                f"{user} cannot have {scope.value}: it takes the role of {roles_allowing(scope)}.",
            )
    return [scope.value for scope in wanted]


def _all_scopes() -> str:
    return ", ".join(Scope.values)


def _checked_end(expires_at: datetime | None, *, at: datetime) -> datetime:
    ends_at = expires_at or at + DEFAULT_LIFE
    if ends_at <= at:
        raise Invalid.of("expires_at", "A token has to expire later than now.")
    if ends_at > at + LONGEST_LIFE:
        raise Invalid.of("expires_at", f"A token lives at most {LONGEST_LIFE.days} days.")
    return ends_at
