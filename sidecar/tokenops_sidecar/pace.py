"""How often the server is asked, and how long to wait when it does not answer."""

from dataclasses import dataclass
from random import SystemRandom

_dice = SystemRandom()
_SPREAD = 0.2
_FLOOR = 0.5
_LONGEST_ASKED_S = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two of a kind; every pause is spread, so that no fleet marches in step."""

    settle_s: float = 5.0
    report_s: float = 60.0
    gather_s: float = 0.5
    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0

    def backoff_s(self, failures: int, *, retry_after_s: float = 0.0) -> float:
        """Return the pause after so many failures in a row, at least what the server asked for.

        No answer, whoever made it, sends a sidecar to sleep for longer than five minutes.
        """
        grown = min(self.first_pause_s * 2.0 ** min(failures - 1, 20), self.longest_pause_s)
        own_s = grown * _dice.uniform(_FLOOR, 1)
        asked_s = min(retry_after_s, _LONGEST_ASKED_S)
        # Those who were told the same second must not all come in it.
        return max(own_s, asked_s * _dice.uniform(1, 1 + _SPREAD))


def spread(seconds: float) -> float:
    """Return about so many seconds."""
    return seconds * _dice.uniform(1 - _SPREAD, 1 + _SPREAD)


def up_to(seconds: float) -> float:
    return _dice.uniform(0, seconds)
