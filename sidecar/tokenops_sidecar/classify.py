"""What kind of call it is: its task, how hard, how risky, how urgent. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Labels:
    """What a call was taken for; `confidence` is between 0 and 1."""

    task_type: str = ""
    complexity: str = ""
    risk: str = ""
    latency: str = ""
    confidence: Decimal = Decimal(0)
