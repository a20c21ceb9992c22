"""Messages as files, whole or not there; and as Redis keeps them, when it is lost."""

import shutil
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from benchmarks.faults.causes import Redis
from tokenops.services import broker_options, broker_transport

URL = "filesystem://localhost//"


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    options = broker_options(URL, var_dir=tmp_path)
    return Connection(URL, transport=broker_transport(URL), transport_options=options)


def test_messages_arrive_in_the_order_they_were_sent(connection: Connection) -> None:
    queue = connection.SimpleQueue("look")

    for number in range(3):
        queue.put({"number": number})

    assert [queue.get(timeout=5).payload["number"] for _ in range(3)] == [0, 1, 2]
    connection.release()


def test_a_message_that_is_still_being_written_is_not_seen(
    connection: Connection, tmp_path: Path
) -> None:
    queue = connection.SimpleQueue("look")
    half = tmp_path / "broker" / "messages" / ".1_a.look.msg"
    half.write_text('{"body', encoding="utf-8")

    with pytest.raises(Empty):
        queue.get(block=False)

    assert half.exists()
    connection.release()


def test_other_brokers_keep_the_transport_of_their_scheme() -> None:
    assert broker_transport("amqp://localhost") is None


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server on PATH")
def test_a_lost_redis_does_not_end_who_holds_a_message_of_it() -> None:
    redis = Redis()
    redis.start()
    connection = Connection(redis.url, transport=broker_transport(redis.url))
    queue = connection.SimpleQueue("look")
    queue.put({"number": 1})
    taken = queue.get(timeout=5)
    assert taken.payload == {"number": 1}

    redis.kill()
    # As after a second loss: the transport was closed before, and its address is forgotten.
    channel: Any = queue.channel
    channel.connection.client = None
    connection.close()

    assert channel.closed
    taken.ack()  # the work it told of ended only now
