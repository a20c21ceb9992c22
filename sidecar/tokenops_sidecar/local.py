"""The sidecar for routers in other languages: HTTP on this machine alone.

`POST /decide` takes a call and answers the decision. `POST /admit` holds what the call may cost
beside that, until `POST /settle` or `POST /cancel` ends it. `POST /usage` keeps records of calls
that were not admitted. `GET /metrics` and `GET /healthz` say how things stand.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tokenops_sidecar.agent import Agent
from tokenops_sidecar.reading import Node, Unacceptable, read_json
from tokenops_sidecar.spool import SpoolFull
from tokenops_sidecar.wire import decision_as_json

MOST_BYTES = 8 * 1024 * 1024
LOOPBACK = "127.0.0.1"
_JSON = "application/json"


class LocalServer(ThreadingHTTPServer):
    """Answers on the loopback address; nothing else can reach it."""

    daemon_threads = True

    def __init__(self, agent: Agent, *, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.agent = agent

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Refused(Exception):
    """A request is not answered with what it asked for."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: LocalServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._answer({"/metrics": self._metrics, "/healthz": self._health})

    def do_POST(self) -> None:
        verbs = {
            "/decide": self._decide,
            "/admit": self._admit,
            "/settle": self._settle,
            "/cancel": self._cancel,
            "/usage": self._usage,
        }
        self._answer(verbs)

    def log_message(self, *_: object) -> None:
        """Log nothing: a line for every decision helps nobody."""

    def _answer(self, known: dict[str, Callable[[], None]]) -> None:
        try:
            self._check_host()
            known.get(self.path, self._unknown)()
        except Refused as problem:
            self._problem(problem.status, str(problem))
        except Unacceptable as problem:
            self._problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem))
        except SpoolFull as problem:
            self._problem(HTTPStatus.INSUFFICIENT_STORAGE, str(problem))

    def _check_host(self) -> None:
        """Refuse names that lead here from elsewhere: a page in a browser may have made them."""
        name = self.headers.get("Host", "").rpartition(":")[0]
        if name not in {LOOPBACK, "localhost"}:
            raise Refused(HTTPStatus.FORBIDDEN, f"Ask for {LOOPBACK}:{self.server.port}.")

    def _decide(self) -> None:
        decision = self.server.agent.decide(self._body())
        self._send(HTTPStatus.OK, json.dumps(decision_as_json(decision)), _JSON)

    def _admit(self) -> None:
        """Answer the decision with its hold; one that is not made with the body of a 429, too."""
        agent = self.server.agent
        admission = agent.admit(self._body())
        found = decision_as_json(admission.decision) | {"hold": admission.hold}
        headers: dict[str, str] = {}
        if admission.hold is None:
            body, headers = agent.refusal(admission.decision)
            found |= body
        self._send(HTTPStatus.OK, json.dumps(found), _JSON, headers)

    def _settle(self) -> None:
        given = Node(self._body())
        self.server.agent.settle(given.at("hold").name(), given.at("record").members())
        self._send(HTTPStatus.OK, json.dumps({"kept": 1}), _JSON)

    def _cancel(self) -> None:
        given = Node(self._body())
        self.server.agent.cancel(given.at("hold").name(), dispatched=given.at("dispatched").flag())
        self._send(HTTPStatus.OK, json.dumps({}), _JSON)

    def _usage(self) -> None:
        found = self._body()
        given = Node(found)
        records = [
            item.members() for item in ([given] if isinstance(found, dict) else given.items())
        ]
        self.server.agent.record(*records)
        self._send(HTTPStatus.OK, json.dumps({"kept": len(records)}), _JSON)

    def _metrics(self) -> None:
        self._send(HTTPStatus.OK, self.server.agent.metrics_text(), "text/plain; version=0.0.4")

    def _health(self) -> None:
        """Answer 200 once a policy is obeyed; a sidecar without one refuses every call."""
        revision = self.server.agent.standing.revision
        status = HTTPStatus.OK if revision else HTTPStatus.SERVICE_UNAVAILABLE
        self._send(status, json.dumps({"revision": revision}), _JSON)

    def _unknown(self) -> None:
        raise Refused(HTTPStatus.NOT_FOUND, f"{self.command} {self.path} is nothing here.")

    def _body(self) -> Any:
        if self.headers.get_content_type() != _JSON:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send {_JSON}.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            words = f"Send a Content-Length of at most {MOST_BYTES}."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)
        # Fractions keep their digits as text, as the server reads them.
        return read_json(self.rfile.read(int(length)), fraction=str).value

    def _problem(self, status: HTTPStatus, detail: str) -> None:
        self.close_connection = True  # the body may not have been read
        content = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status,
            "detail": detail,
        }
        self._send(status, json.dumps(content), "application/problem+json")

    def _send(
        self, status: HTTPStatus, content: str, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        body = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
