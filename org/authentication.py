"""Who calls the API, and whether it may: bearer tokens, browser sessions, scopes."""

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from org.models import ApiToken, User
from org.models.tokens import Scope
from org.operations.tokens import digest_of, note_use
from org.permissions import roles_allowing, scopes_of

SCHEME = "bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer tok_…` acts as the token's user."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token; None where no bearer token is sent, so that a session may do."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        token = alive_token(secret.strip(), at=(at := timezone.now()))
        note_use(token, address=_address(request), at=at)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 — the framework's signature
        return 'Bearer realm="TokenOps"'


def _address(request: Request) -> str | None:
    """Return who is at the other end of the connection; a socket file has no address.

    What a proxy says in a header is left aside: anybody can send one.
    """
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def alive_token(secret: str, *, at: datetime) -> ApiToken:
    """Return the token of a secret; raises AuthenticationFailed with what is wrong with it."""
    token = ApiToken.objects.select_related("user__person").filter(digest=digest_of(secret)).first()
    if token is None:
        raise AuthenticationFailed("This is no token of this installation.")
    if token.revoked_at is not None:
        raise AuthenticationFailed(
            f"The token {token.name!r} was revoked on {token.revoked_at:%d %b %Y, %H:%M} UTC."
        )
    if token.expires_at <= at:
        raise AuthenticationFailed(
            f"The token {token.name!r} expired on {token.expires_at:%d %b %Y, %H:%M} UTC."
        )
    if not token.user.is_active:
        raise AuthenticationFailed(f"The account of the token {token.name!r} is not active.")
    return token


class HasScope(BasePermission):
    """Let in whose roles allow the view's scope and whose token, if one is used, carries it.

    The view names a scope per method: `scopes = {"GET": Scope.SPEND_READ}`. Roles are read at
    every call, so that a token never outlives the right it was made with.
    """

    message: str | None = None

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, User):
            return False
        scope = scope_of(view, request.method or "")
        if scope is None:
            return True
        if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
            held = ", ".join(request.auth.scopes)
            self.message = f"This token lacks the scope {scope.value}; it has {held}."
            return False
        if scope not in scopes_of(request.user):
            self.message = f"{scope.value} takes the role of {roles_allowing(scope)}."
            return False
        return True


def scope_of(view: Any, method: str) -> Scope | None:
    """Return the scope a view asks for a method, None where it does not serve the method.

    A method that is served but has no scope is a mistake in the view, never open to all.
    """
    scopes: dict[str, str] = getattr(view, "scopes", {})
    asked = "GET" if method == "HEAD" else method
    if asked in scopes:
        return Scope(scopes[asked])
    if asked == "OPTIONS" or not hasattr(view, asked.lower()):
        return None
    raise TypeError(f"{type(view).__name__} does not name the scope of {asked}.")
