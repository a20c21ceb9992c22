"""Gathering: what comes in while its like is being worked on is then worked on in one go.

A group commit. Storing a hundred records costs nearly what storing a thousand does, so many
senders at once are served faster together, and one alone never waits for company.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from threading import Lock, Semaphore
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Ticket(NamedTuple, Generic[Item, Answer]):
    item: Item
    size: int
    answer: Future[Answer]


class Gathering(Generic[Item, Answer]):
    """Works off items of the callers' threads; each gets its own answer, or its own error.

    `together` returns an answer for each of several items of one key, or raises and has
    then done nothing; `alone` answers one. At most `most` in size are taken in one go, and
    `lanes` callers work at a time for all who wait.
    """

    def __init__(
        self,
        *,
        together: Callable[[Sequence[Item]], Sequence[Answer]],
        alone: Callable[[Item], Answer],
        most: int,
        lanes: int = 1,
    ) -> None:
        self._together, self._alone, self._most = together, alone, most
        self._lanes = Semaphore(lanes)
        self._lock = Lock()
        self._waiting: dict[Hashable, deque[_Ticket[Item, Answer]]] = defaultdict(deque)

    def answer(self, item: Item, *, key: Hashable, size: int) -> Answer:
        """Return this item's answer, working for everybody of its key who waits by then."""
        ticket = _Ticket[Item, Answer](item, size, Future())
        with self._lock:
            self._waiting[key].append(ticket)
        with self._lanes:
            while not ticket.answer.running() and not ticket.answer.done():
                self._work_off(self._taken(key))
        return ticket.answer.result()

    def _taken(self, key: Hashable) -> list[_Ticket[Item, Answer]]:
        """Take the first who wait, as many as fit; one who is too large goes alone."""
        taken: list[_Ticket[Item, Answer]] = []
        with self._lock:
            waiting = self._waiting[key]
            while waiting and (
                not taken or sum(one.size for one in taken) + waiting[0].size <= self._most
            ):
                taken.append(waiting.popleft())
                taken[-1].answer.set_running_or_notify_cancel()
            if not waiting:
                del self._waiting[key]
        return taken

    def _work_off(self, taken: list[_Ticket[Item, Answer]]) -> None:
        answers = self._answers_together(taken) if len(taken) > 1 else None
        if answers is not None:
            for ticket, answer in zip(taken, answers, strict=True):
                ticket.answer.set_result(answer)
            return
        for ticket in taken:
            try:
                ticket.answer.set_result(self._alone(ticket.item))
            except BaseException as error:  # noqa: BLE001 -- it is raised where the item came from
                ticket.answer.set_exception(error)

    def _answers_together(self, taken: list[_Ticket[Item, Answer]]) -> Sequence[Answer] | None:
        try:
            return self._together([ticket.item for ticket in taken])
        except Exception:  # noqa: BLE001 -- whose fault it is comes out when each is alone
            return None
