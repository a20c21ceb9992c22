"""The models of a published document: their tiers, and what a call to one can cost. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Document = Mapping[str, Any]

LOCAL = "local"
# What a call counts as whose size nobody said, each way.
UNKNOWN_TOKENS = 4096
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many tokens a call takes in, and may give out; None where nobody says."""

    in_tokens: int | None = None
    max_out_tokens: int | None = None


class Listed:
    """The models as routers choose among them."""

    def __init__(self, document: Document) -> None:
        self._tiers: Sequence[str] = document["tiers"]
        self._models: Mapping[tuple[str, str], Document] = {
            (each["provider"], each["model"]): each for each in document["models"]
        }

    def named(self, provider: str, model: str) -> Document | None:
        return self._models.get((provider, model))

    def lowest(self, scopes: Iterable[Document]) -> Document | None:
        """Return the scope with the lowest highest tier, of equal ones the innermost."""
        limited = (scope for scope in scopes if scope["max_tier"])
        return min(limited, key=lambda scope: self._tiers.index(scope["max_tier"]), default=None)

    def fits(self, model: Document | None, ceiling: Document, *, task_type: str) -> bool:
        """Test whether a model is not above a scope's highest tier."""
        # A model without a tier may be of any, so it fits beneath none.
        if model is None:
            return False
        return self._rank(model, task_type) <= self._tiers.index(ceiling["max_tier"])

    def beneath(self, ceiling: Document, *, provider: str, task_type: str) -> Document | None:
        """Return the provider's model of the highest tier that fits, of those the cheapest."""
        own = [model for model in self._models.values() if model["provider"] == provider]
        fitting = [model for model in own if self.fits(model, ceiling, task_type=task_type)]

        def order(model: Document) -> tuple[int, bool, Decimal, str]:
            dearest = _dearest([model])
            is_unpriced = dearest is None
            return -self._rank(model, task_type), is_unpriced, dearest or Decimal(0), model["model"]

        return min(fitting, key=order, default=None)

    def reserve_usd(self, model: Document | None, size: Size) -> Decimal | None:
        """Return the most that a call can cost by list prices; None where nothing is priced.

        A class without a price counts at the dearest that may be meant: of the model, else of
        its tier, else of all.
        """
        if is_free(model):
            return Decimal(0)
        own = [model] if model is not None and model["usd_per_mtok"] else None
        among = own or [
            each for each in self._models.values() if model is None or each["tier"] == model["tier"]
        ]
        read = _dearest(among, "in_") if own else _dearest(among)
        written = _dearest(among, "out_") if own else read
        if read is None or written is None:
            return None
        total = _or_unknown(size.in_tokens) * read + _or_unknown(size.max_out_tokens) * written
        return total / MILLION

    def _rank(self, model: Document, task_type: str) -> int:
        return self._tiers.index(tier_for(model, task_type))


def tier_for(model: Document, task_type: str) -> str:
    """Return a model's tier for a task type: its own for that, else its tier for any."""
    tier: str = model.get("task_tiers", {}).get(task_type, model["tier"])
    return tier


def is_free(model: Document | None) -> bool:
    """Test whether a model runs at home for nothing: such calls stay when the money is gone."""
    if model is None or model["tier"] != LOCAL:
        return False
    return _dearest([model]) == 0


def _dearest(models: Iterable[Document], kind: str = "") -> Decimal | None:
    """Return the highest price of a kind of classes; without any of the kind, of all."""
    priced = [pair for model in models for pair in model["usd_per_mtok"].items()]
    of_kind = [usd for name, usd in priced if name.startswith(kind)]
    return max((Decimal(usd) for usd in of_kind or [usd for _, usd in priced]), default=None)


def _or_unknown(tokens: int | None) -> int:
    return UNKNOWN_TOKENS if tokens is None else tokens
