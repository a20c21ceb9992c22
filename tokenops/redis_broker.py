"""Redis as the broker: a message that was taken and not answered is not put back.

A message only says "look", and the database holds the work, so there is nothing to save. kombu
would put it back while it closes a connection that was lost, through one whose address it has
forgotten by then, and the worker would end of that.
"""

from kombu.transport import redis


class Channel(redis.Channel):
    do_restore = False


class Transport(redis.Transport):
    Channel = Channel
