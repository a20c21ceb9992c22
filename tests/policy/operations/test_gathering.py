"""Gathering: everybody gets an answer of their own, whoever did the work."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from policy.operations.gathering import Gathering
from tests.live import until
from tests.races import race


class Counted:
    """Squares numbers, holds the first back until told, and keeps what was done in one go."""

    def __init__(self, *, most: int = 100) -> None:
        self.goes: list[list[int]] = []
        self.may_go = Event()
        self.gathering = Gathering(together=self._together, alone=self._alone, most=most)

    def square(self, number: int, *, key: str = "a", size: int = 1) -> int:
        return self.gathering.answer(number, key=key, size=size)

    def _together(self, numbers: Sequence[int]) -> list[int]:
        self.goes.append(list(numbers))
        if any(number < 0 for number in numbers):
            raise ValueError("one of them is negative")
        return [number * number for number in numbers]

    def _alone(self, number: int) -> int:
        self.goes.append([number])
        self.may_go.wait(60)
        if number < 0:
            raise ValueError(f"{number} is negative")
        return number * number


def squares(counted: Counted, later: Sequence[int], **more: object) -> list[object]:
    """Ask for the squares of `later` while that of 1 is being worked on."""

    def asked(number: int) -> object:
        try:
            return counted.square(number, **more)  # type: ignore[arg-type]
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(later) + 1) as pool:
        first = pool.submit(counted.square, 1)
        until(lambda: counted.goes == [[1]])
        rest = []
        for place, number in enumerate(later, start=1):
            rest.append(pool.submit(asked, number))
            until(lambda place=place: waiting(counted) == place)  # type: ignore[misc]
        counted.may_go.set()
        assert first.result() == 1
        return [one.result() for one in rest]


def waiting(counted: Counted) -> int:
    return sum(len(line) for line in counted.gathering._waiting.values())  # noqa: SLF001


def test_one_alone_waits_for_nobody() -> None:
    counted = Counted()
    counted.may_go.set()

    assert counted.square(7) == 49
    assert counted.goes == [[7]]


def test_what_comes_in_meanwhile_is_done_in_one_go() -> None:
    counted = Counted()

    assert squares(counted, [2, 3, 4]) == [4, 9, 16]
    assert counted.goes == [[1], [2, 3, 4]]


def test_a_go_takes_no_more_than_fits() -> None:
    counted = Counted(most=10)

    assert squares(counted, [2, 3, 4], size=5) == [4, 9, 16]
    assert counted.goes == [[1], [2, 3], [4]]


def test_one_too_large_for_company_goes_alone() -> None:
    counted = Counted(most=10)

    assert squares(counted, [2, 3], size=11) == [4, 9]
    assert counted.goes == [[1], [2], [3]]


def test_only_one_that_fails_alone_too_is_told_of_it() -> None:
    counted = Counted()

    assert squares(counted, [2, -3, 4]) == [4, "-3 is negative", 16]
    assert counted.goes == [[1], [2, -3, 4], [2], [-3], [4]]


def test_other_keys_are_never_mixed() -> None:
    counted = Counted()
    counted.may_go.set()
    lanes = [
        lambda number=number: counted.square(number, key=str(number % 2)) for number in range(12)
    ]

    assert race(*lanes) == [number * number for number in range(12)]
    assert all(len({number % 2 for number in go}) == 1 for go in counted.goes)


def test_the_line_is_empty_after_work() -> None:
    counted = Counted()
    squares(counted, [2, -3])

    assert waiting(counted) == 0


def test_an_error_is_raised_where_the_item_came_from() -> None:
    counted = Counted()
    counted.may_go.set()

    with pytest.raises(ValueError, match="-5 is negative"):
        counted.square(-5)
