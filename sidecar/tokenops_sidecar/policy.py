"""What a policy says once it was read: frozen, typed, ready to decide by. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tokenops_sidecar.match import Assignment, Attributes

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Model:
    """A model the company knows; without prices its cost is unknown, not nothing."""

    provider: str
    name: str
    tier: str
    usd_per_mtok: Mapping[str, Decimal]
    task_tiers: Mapping[str, str]

    @property
    def is_free(self) -> bool:
        """Test whether it runs at home for nothing: such calls stay when the money is gone."""
        prices = self.usd_per_mtok.values()
        return self.tier == LOCAL and bool(prices) and not any(prices)

    def tier_for(self, task_type: str) -> str:
        return self.task_tiers.get(task_type, self.tier)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a scope is blocked, and whom to ask."""

    code: str
    text: str
    until: datetime | None
    owner: str
    contact: str


@dataclass(frozen=True, slots=True)
class Cap:
    id: str
    window: str
    limit_usd: Decimal
    resets_at: datetime | None
    mode: str


@dataclass(frozen=True, slots=True)
class WhenStale:
    """What holds while the server cannot be asked; `usd` is the allowance of a bucket."""

    mode: str
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scope:
    id: str
    name: str
    owner: str
    parent: str | None
    state: str
    reason: Reason | None
    caps: Sequence[Cap]
    max_tier: str | None
    when_stale: WhenStale

    @property
    def hard_caps(self) -> list[Cap]:
        return [cap for cap in self.caps if cap.mode == "hard"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A revision; `paths` leads from each scope over its parents to the top."""

    revision: int
    issued_at: datetime
    refresh_after_s: int
    stale_after_s: int
    currency: str
    tiers: Sequence[str]
    models: Mapping[tuple[str, str], Model]
    assign: Assignment
    paths: Mapping[str, Sequence[Scope]]

    def path(self, attributes: Attributes) -> Sequence[Scope]:
        """Return the scopes a call falls under, the innermost first; none where no rule holds."""
        scope = self.assign.scope_of(attributes)
        return () if scope is None else self.paths[scope]

    def rank(self, tier: str) -> int:
        """Return the place of a tier from the cheapest on."""
        return self.tiers.index(tier)

    @property
    def has_hard_caps(self) -> bool:
        return any(path[0].hard_caps for path in self.paths.values())
