"""An answer as it passes by: its usage, or how much it said where it counts nothing. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from tokenops_sidecar.bodies import text_of, tokens_of, tokens_of_text

_REFUSED_FROM = 400
# Of an answer that comes whole so much is kept to read its usage from.
_MOST_BYTES = 32 * 1024 * 1024
_LONGEST_LINE = 4 * 1024 * 1024
CUT_OFF = "cancelled"


class Answer:
    """Reads the messages of an ASGI response, a stream of events or one document."""

    def __init__(self) -> None:
        self._status = 0
        self._is_stream = self._is_packed = self._is_whole = False
        self._content = bytearray()
        self._text_bytes = 0
        self._tokens: Mapping[str, int] = {}

    @property
    def is_refusal(self) -> bool:
        """Whether the provider said that it did nothing."""
        return self._status >= _REFUSED_FROM

    @property
    def has_begun(self) -> bool:
        return bool(self._text_bytes or self._content or self._tokens or self._is_whole)

    def read(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = {name.lower(): value for name, value in message.get("headers", ())}
            self._status = message["status"]
            self._is_stream = headers.get(b"content-type", b"").startswith(b"text/event-stream")
            self._is_packed = b"content-encoding" in headers
        elif message["type"] == "http.response.body":
            self._add(message.get("body", b""))
            if not message.get("more_body"):
                self._is_whole = True
                self._end()

    def record(self, *, in_tokens: int) -> dict[str, Any]:
        """Return what the answer says was used; where it says nothing, what its text comes to."""
        if self._tokens:
            return {"tokens": self._tokens}
        tokens = {"in_text": in_tokens, "out_text": tokens_of_text(self._text_bytes)}
        return {"tokens": tokens} if self._is_whole else {"tokens": tokens, "status": CUT_OFF}

    def _add(self, piece: bytes) -> None:
        if self._is_packed:
            self._text_bytes += len(piece)
            return
        self._content += piece
        if self._is_stream:
            self._read_events()
        elif len(self._content) > _MOST_BYTES:
            self._text_bytes += len(self._content)
            self._content.clear()

    def _read_events(self) -> None:
        *lines, rest = bytes(self._content).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._take(line[len(b"data:") :])
        if len(rest) > _LONGEST_LINE:
            self._text_bytes += len(rest)
            rest = b""
        self._content = bytearray(rest)

    def _end(self) -> None:
        if self._content and not self._is_packed:
            self._take(bytes(self._content).removeprefix(b"data:"))

    def _take(self, document: bytes) -> None:
        try:
            found = json.loads(document)
        except ValueError:
            return  # such as the [DONE] at the end of a stream
        if not isinstance(found, dict):
            return
        # The responses interface tells its usage in the last event, one level down.
        whole = found.get("response")
        usage = found.get("usage") or (whole.get("usage") if isinstance(whole, dict) else None)
        self._tokens = tokens_of(usage) or self._tokens
        self._text_bytes += len(text_of(found).encode(errors="replace"))
