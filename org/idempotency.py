"""`Idempotency-Key`: a POST that is sent again has its effect once and is answered alike."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from org.models import StoredAnswer, User
from org.refusals import Invalid, Refusal

LONGEST_KEY = 255
SERVER_ERRORS_FROM = 500
TOO_MANY_REQUESTS = 429
# What belongs to a connection or to one moment is not part of the answer.
NOT_KEPT = frozenset({"connection", "content-length", "date", "set-cookie", "x-request-id"})


class StillRunning(Refusal):
    title = "Still running"


class KeyReused(Refusal):
    status = 422
    title = "Key used for another request"


class IdempotentPost(APIView):
    """A view whose POST may carry an `Idempotency-Key`.

    The effect and its answer are committed together, so that after a crash either both are
    there or neither. What failed on the server's side is not kept: a retry tries again.
    """

    post: Callable[..., HttpResponseBase]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the caller, then stand before the handler that is about to be looked up."""
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key is not None and hasattr(self, "post"):
            self.post = partial(self._once, self.post, _checked(key))

    def fingerprint(self, request: Request) -> str:
        """Return a hash over method, address and body; override it to read a body otherwise."""
        digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
        data = request.data
        if isinstance(data, QueryDict):
            for name, values in sorted(data.lists()):
                for value in values:
                    _add(digest, name, value)
        else:
            # An object whose text may change from one process to the next is refused here.
            text = json.dumps(data, sort_keys=True, cls=DjangoJSONEncoder)
            digest.update(text.encode())
        return digest.hexdigest()

    def _once(
        self,
        handler: Callable[..., HttpResponseBase],
        key: str,
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            raise TypeError("An Idempotency-Key needs a view that knows its callers.")
        fingerprint = self.fingerprint(request)
        with transaction.atomic():
            _lock(user, key)
            kept = StoredAnswer.objects.filter(user=user, key=key).first()
            if kept is not None:
                return _replay(kept, fingerprint)
            answer = self._answer(handler, request, *args, **kwargs)
            if answer.status_code >= SERVER_ERRORS_FROM:
                transaction.set_rollback(True)
            elif answer.status_code != TOO_MANY_REQUESTS:
                _keep(answer, user=user, key=key, fingerprint=fingerprint)
            return answer

    def _answer(
        self,
        handler: Callable[..., HttpResponseBase],
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        """Return the finished answer; a refused request leaves no effect but is an answer too."""
        try:
            with transaction.atomic():
                response = handler(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 — the handler raises again what it does not know
            response = self.handle_exception(error)
        # Typed for the framework's own responses, but made for any.
        response = self.finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        if not isinstance(response, HttpResponse):
            raise TypeError("A streamed answer cannot be kept for an Idempotency-Key.")
        if hasattr(response, "render"):
            response = response.render()
        return response


def _checked(key: str) -> str:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters.")
    return key


def _add(digest: Any, name: str, value: "str | UploadedFile[bytes]") -> None:
    """Add one field of a form, a file by its chunks: it may not fit into memory."""
    if not isinstance(value, UploadedFile):
        digest.update(json.dumps([name, value]).encode())
        return
    digest.update(json.dumps([name, value.name, value.size]).encode())
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)


def _lock(user: User, key: str) -> None:
    """Take the key for this transaction; the lock ends only after what it did can be seen."""
    name = hashlib.sha256(f"{user.pk} {key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name[:8], signed=True)]
        )
        row = cursor.fetchone()
    if not row or not row[0]:
        raise StillRunning("A request with this Idempotency-Key is still running: ask again soon.")


def _replay(kept: StoredAnswer, fingerprint: str) -> HttpResponse:
    if kept.request_hash != fingerprint:
        raise KeyReused(
            "This Idempotency-Key came with another request before: a new request needs a new key."
        )
    answer = HttpResponse(bytes(kept.body), status=kept.status)
    for name, value in kept.headers.items():
        answer[name] = value
    answer["Idempotency-Replayed"] = "true"
    return answer


def _keep(answer: HttpResponse, *, user: User, key: str, fingerprint: str) -> None:
    StoredAnswer.objects.create(
        user=user,
        key=key,
        request_hash=fingerprint,
        status=answer.status_code,
        headers={k: v for k, v in answer.headers.items() if k.lower() not in NOT_KEPT},
        body=answer.content,
        created_at=timezone.now(),
    )
