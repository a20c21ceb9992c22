"""Messages as files: whole or not there."""

from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

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
    assert broker_transport("redis://localhost") is None
    assert broker_transport("amqp://localhost") is None
