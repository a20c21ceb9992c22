"""The broker of a machine that has none: messages are files, and appear only when they are whole.

kombu's own transport opens the file under its final name and then fills it. A worker that looks in
between reads half a message and ends over it.
"""

import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from kombu.asynchronous import Hub
from kombu.transport import filesystem
from kombu.utils.json import dumps

from tokenops.services import POLLING_INTERVAL_S


class Channel(filesystem.Channel):
    # The two parents name the second argument differently; this is the one that kombu calls.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        """Write a message beside the others, then give it the name by which it is found."""
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f".{name}"
        draft.write_text(dumps(payload), encoding="utf-8")
        draft.rename(folder / name)


class Transport(filesystem.Transport):
    Channel = Channel
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Look into the folder at every polling interval, as long as the loop runs."""
        loop.call_repeatedly(
            self.polling_interval or POLLING_INTERVAL_S, self._take_all, connection
        )

    def _take_all(self, connection: Any) -> None:
        with suppress(TimeoutError):  # the folder is empty
            while True:
                self.drain_events(connection, timeout=0)
