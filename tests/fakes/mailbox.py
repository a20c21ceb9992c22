"""A mail server that keeps what it is given, or refuses it, over a real connection."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread


@dataclass
class FakeMailbox:
    """What came in, and the answers (`451 later`) that the next mails get instead."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class _Handler(socketserver.StreamRequestHandler):
    mailbox: FakeMailbox

    def handle(self) -> None:
        self._say("220 fake.example")
        while line := self.rfile.readline():
            verb = line.split()[0].upper().decode() if line.split() else ""
            if verb == "DATA":
                self._take()
            elif verb == "QUIT":
                self._say("221 bye")
                return
            elif verb == "RCPT" and self.mailbox.faults:
                self._say(self.mailbox.faults.pop(0))
            else:
                self._say("250 ok")

    def _take(self) -> None:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        self.mailbox.mails.append(b"".join(lines).decode())
        self._say("250 taken")

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")


@contextmanager
def running_mailbox() -> Iterator[FakeMailbox]:
    """Run a mail server on a free port of loopback until the block is left."""
    mailbox = FakeMailbox()
    handler = type("Handler", (_Handler,), {"mailbox": mailbox})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        mailbox.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield mailbox
        server.shutdown()
        thread.join()
