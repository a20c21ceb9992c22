"""Redis as the broker: a message that was taken and not answered is not put back.

A message only says "look", and the database holds the work, so there is nothing to save. kombu
would put it back, or answer it, through a connection that is closed and whose address it has
forgotten by then, and the worker would end of that.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    do_restore = False

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:  # noqa: FBT001, FBT002 -- kombu's
        """Answer a message, unless the connection it came by is gone."""
        if not self.closed:
            super().basic_ack(delivery_tag, multiple)


class Transport(redis.Transport):
    Channel = Channel
