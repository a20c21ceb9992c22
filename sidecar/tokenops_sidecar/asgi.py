"""The sidecar before an ASGI application that speaks OpenAI's language.

app = Middleware(app, agent=agent, provider="openai")

A call is admitted before the application sees it, and settled by the usage in its answer. What
is not let through is answered with 429 and says which budget, whose it is, and until when.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tokenops_sidecar.agent import Agent
from tokenops_sidecar.answers import Answer
from tokenops_sidecar.bodies import call_of
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.reading import Unacceptable
from tokenops_sidecar.spool import SpoolFull

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

MOST_BYTES = 32 * 1024 * 1024
_PATHS = ("/chat/completions", "/completions", "/responses", "/embeddings")


class Middleware:
    """Lets calls of models through as the policy says; anything else passes untouched."""

    def __init__(
        self, app: Application, *, agent: Agent, provider: str, most_bytes: int = MOST_BYTES
    ) -> None:
        self._app, self._agent = app, agent
        self._provider, self._most_bytes = provider, most_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        is_call = scope["type"] == "http" and scope["method"] == "POST"
        if not is_call or not scope["path"].rstrip("/").endswith(_PATHS):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive, most=self._most_bytes)
        if body is None:
            await _refuse(send, 413, _problem(f"Send at most {self._most_bytes} bytes."))
            return
        try:
            request = json.loads(body)
            call = call_of(request, headers=_headers(scope)) | {"provider": self._provider}
            admission = await self._agent.admit_async(call)
        except (ValueError, AttributeError, Unacceptable) as problem:
            await _refuse(send, 400, _problem(str(problem)))
            return
        if admission.hold is None:
            content, headers = self._agent.refusal(admission.decision)
            await _refuse(send, 429, content, headers)
            return
        swapped = _swapped(request, body, admission.decision)
        await self._pass_on(scope, swapped, receive, send, call=call, hold=admission.hold)

    async def _pass_on(
        self,
        scope: MutableMapping[str, Any],
        body: bytes,
        receive: Receive,
        send: Send,
        *,
        call: Mapping[str, Any],
        hold: str,
    ) -> None:
        """Let the application answer, read along, and end the call however that ends."""
        answer = Answer()

        async def told(message: Message) -> None:
            answer.read(message)
            await send(message)

        try:
            await self._app(_resized(scope, body), _replayed(body, receive), told)
        finally:
            # Also where the client has gone and this task with it: the call is not forgotten.
            await asyncio.shield(asyncio.to_thread(self._end, answer, hold, call))

    def _end(self, answer: Answer, hold: str, call: Mapping[str, Any]) -> None:
        try:
            if answer.is_refusal:
                self._agent.cancel(hold, dispatched=False)
            elif not answer.has_begun:
                self._agent.cancel(hold, dispatched=True)
            else:
                self._agent.settle(hold, answer.record(in_tokens=call["in_tokens"]))
        except SpoolFull:
            # Counted on the lease all the same; until there is room, nothing more is let through.
            return


async def _whole(receive: Receive, *, most: int) -> bytes | None:
    """Return the body of a request; None where it is too long, or its sender went away."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        content += message.get("body", b"")
        if len(content) > most:
            return None
        if not message.get("more_body"):
            return bytes(content)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return the receiver of a request whose body is there already."""
    has_told = False

    async def replayed() -> Message:
        nonlocal has_told
        if has_told:
            return await receive()
        has_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _swapped(request: Mapping[str, Any], body: bytes, decision: Decision) -> bytes:
    """Return the body with the model that is to be called."""
    if request["model"] == decision.model:
        return body
    return json.dumps({**request, "model": decision.model}, ensure_ascii=False).encode()


def _resized(scope: MutableMapping[str, Any], body: bytes) -> MutableMapping[str, Any]:
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in {b"content-length", b"transfer-encoding"}
    ]
    return {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}


def _headers(scope: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def _problem(text: str) -> dict[str, Any]:
    return {"error": {"message": text, "type": "invalid_request_error", "code": None}}


async def _refuse(
    send: Send, status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> None:
    body = json.dumps(content).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    listed = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})
