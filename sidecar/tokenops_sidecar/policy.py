"""What a policy says once it was read: frozen, typed, ready to decide by. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tokenops_sidecar.limits import Loop, Quota, Rates, TaskLimits
from tokenops_sidecar.match import Assignment, Attributes, is_glob, is_like

LOCAL = "local"
LEASED = ("day", "period", "total")


@dataclass(frozen=True, slots=True)
class Model:
    """A model the company knows; without prices its cost is unknown, not nothing.

    `in_usd` and `out_usd` are the dearest it can cost a million tokens either way.
    """

    provider: str
    name: str
    tier: str
    usd_per_mtok: Mapping[str, Decimal]
    task_tiers: Mapping[str, str]
    has_batch: bool = False
    is_free: bool = field(init=False, compare=False)
    in_usd: Decimal | None = field(init=False, compare=False)
    out_usd: Decimal | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        prices = self.usd_per_mtok
        # What runs at home for nothing stays when the money is gone.
        is_free = self.tier == LOCAL and bool(prices) and not any(prices.values())
        object.__setattr__(self, "is_free", is_free)
        object.__setattr__(self, "in_usd", _dearest(prices, "in_"))
        object.__setattr__(self, "out_usd", _dearest(prices, "out_"))

    def tier_for(self, task_type: str) -> str:
        return self.task_tiers.get(task_type, self.tier)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a scope does not run freely, and whom to ask."""

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
class Probe:
    """The calls set apart for a test; each of them is had by a lease on `id`."""

    id: str
    calls: int
    until: datetime


@dataclass(frozen=True, slots=True)
class WhenStale:
    """What holds while the server cannot be asked; `usd` is the allowance of a bucket."""

    mode: str
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope and its limits. Caps for each person, key or task stand among the quotas."""

    id: str
    name: str
    owner: str
    parent: str | None
    state: str
    reason: Reason | None
    caps: Sequence[Cap]
    max_tier: str | None
    when_stale: WhenStale
    rates: Rates | None = None
    task_limits: TaskLimits | None = None
    loop: Loop | None = None
    quotas: Sequence[Quota] = ()
    keep_fraction: Decimal | None = None
    probe: Probe | None = None
    is_protected: bool = False
    hard_caps: Sequence[Cap] = field(init=False, compare=False)
    limits_money: bool = field(init=False, compare=False)
    smallest_cap_usd: Decimal | None = field(init=False, compare=False)
    is_counted: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Money is leased for days and longer: what a minute or an hour may cost, the server keeps.
        hard = tuple(cap for cap in self.caps if cap.mode == "hard" and cap.window in LEASED)
        counted = self.rates or self.task_limits or self.loop or self.quotas
        object.__setattr__(self, "hard_caps", hard)
        object.__setattr__(self, "limits_money", bool(hard) or self._counts_money())
        object.__setattr__(self, "is_counted", bool(counted))
        smallest_usd = min((cap.limit_usd for cap in hard), default=None)
        object.__setattr__(self, "smallest_cap_usd", smallest_usd)

    def _counts_money(self) -> bool:
        """Test whether what a call costs has to be known, though no hard cap asks for it."""
        return (
            self.when_stale.mode == "bucket"
            or (self.rates is not None and self.rates.usd_per_minute is not None)
            or (self.task_limits is not None and self.task_limits.usd is not None)
            or any(quota.metric == "usd" and quota.mode == "hard" for quota in self.quotas)
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Where calls with these labels go: a tier, its models by preference, now or in a batch."""

    task_type: str
    complexity: str
    risk: str
    tier: str
    models: Sequence[str]
    queue: str

    def holds(self, task_type: str, complexity: str, risk: str) -> bool:
        """Test whether the line is for these labels; each may be a glob."""
        return (
            is_like(task_type, self.task_type)
            and is_like(complexity, self.complexity)
            and is_like(risk, self.risk)
        )


@dataclass(frozen=True, slots=True)
class Routes:
    """The lines in order, with the plain ones looked up instead of tried one by one."""

    lines: Sequence[Route] = ()
    _plain: Mapping[tuple[str, str, str], int] = field(init=False, compare=False)
    _globs: Sequence[int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain: dict[tuple[str, str, str], int] = {}
        globs = []
        for place, line in enumerate(self.lines):
            labels = line.task_type, line.complexity, line.risk
            if any(map(is_glob, labels)):
                globs.append(place)
            else:
                plain.setdefault(labels, place)
        object.__setattr__(self, "_plain", plain)
        object.__setattr__(self, "_globs", globs)

    def line(self, task_type: str, complexity: str, risk: str) -> Route | None:
        """Return the first line for these labels."""
        labels = task_type, complexity, risk
        first = self._plain.get(labels, len(self.lines))
        for place in self._globs:
            if place < first and self.lines[place].holds(*labels):
                return self.lines[place]
        return self.lines[first] if first < len(self.lines) else None


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
    routes: Routes = field(default_factory=Routes)

    def path(self, attributes: Attributes) -> Sequence[Scope]:
        """Return the scopes a call falls under, the innermost first; none where no rule holds."""
        scope = self.assign.scope_of(attributes)
        return () if scope is None else self.paths[scope]

    def rank(self, tier: str) -> int:
        """Return the place of a tier from the cheapest on."""
        return self.tiers.index(tier)


def home_of(path: Iterable[Scope]) -> Scope | None:
    """Return where the money of a call is leased: the innermost scope with a hard cap."""
    for scope in path:
        if scope.hard_caps:
            return scope
    return None


def binding(path: Sequence[Scope]) -> Sequence[Scope]:
    """Return the scopes that may stop a call: of a protected one, that scope and none above."""
    return path[:1] if path and path[0].is_protected else path


def _dearest(prices: Mapping[str, Decimal], kind: str) -> Decimal | None:
    """Return the highest price of the classes of a kind; without any, of all of them."""
    of_kind = [usd for name, usd in prices.items() if name.startswith(kind)]
    return max(of_kind or prices.values(), default=None)
