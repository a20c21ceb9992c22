"""The front of the listener: pulls of routers go to the feed, everything else to Django."""

import asyncio
import signal
import threading
from types import FrameType
from typing import Any

import psycopg
from django.db import connections

from policy.feed.answers import Send
from policy.feed.application import PolicyFeed
from policy.feed.asked import Receive, Scope, is_pull

# The feed speaks to the driver itself, without Django's cursors and adapters.
_OF_DJANGO = ("context", "cursor_factory")


class Listener:
    """Parts the policy pulls of routers from everything else."""

    def __init__(self, *, feed: PolicyFeed, django: Any) -> None:
        self._feed = feed
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif is_pull(scope):
            await self._feed(scope, receive, send)
        else:
            await self._django(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._feed.start()
        _before_exit(self._feed)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._feed.stop()
        await send({"type": "lifespan.shutdown.complete"})


async def connect(name: str) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Open a connection of the feed, as the application's role."""
    # Asking may start the embedded server, so it happens beside the loop.
    found = await asyncio.to_thread(connections["default"].get_connection_params)
    parameters = {key: value for key, value in found.items() if key not in _OF_DJANGO}
    return await psycopg.AsyncConnection.connect(
        **parameters, application_name=name, autocommit=True
    )


def _before_exit(feed: PolicyFeed) -> None:
    """Answer who waits as soon as the server is told to stop.

    Servers end open requests before they say so to the application, so long polls would
    hold them up for half a minute.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _chain(number, feed, loop)


def _chain(number: signal.Signals, feed: PolicyFeed, loop: asyncio.AbstractEventLoop) -> None:
    servers_own = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(feed.answer_waiters)
        if callable(servers_own):
            servers_own(received, frame)

    signal.signal(number, handle)
