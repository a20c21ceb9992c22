"""What a decision is made by beside the policy: money on lease, counts, the last word heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tokenops_sidecar.tally import Tally


@dataclass(frozen=True, slots=True)
class Denial:
    """The server's word that nothing more is leased: the cap that binds, and until when.

    Whoever keeps it drops it when the policy changes; past `until` it does not hold any more.
    `code` is what a refusal is called that no cap is the cause of.
    """

    cap: str
    text: str
    until: datetime | None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Purse:
    """What is held on lease for one home scope.

    `free_usd` is what was granted, less what was used and what calls under way may use, of leases
    that have not expired.
    """

    free_usd: Decimal
    refusal: Denial | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What is held on lease of one quota for one subject, in the unit of the quota."""

    free: Decimal
    refusal: Denial | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything that changes with calls, read once for a decision.

    `purses` are by home scope, `blind_usd` is what was spent by scope since the policy was
    confirmed. `can_record` is false while usage cannot be kept. `quotas` are leased blocks by
    quota and subject; None where nobody leases any, and the tally alone counts.
    """

    purses: Mapping[str, Purse] = field(default_factory=dict)
    blind_usd: Mapping[str, Decimal] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    confirmed_at: datetime | None = None
    can_record: bool = True
    quotas: Mapping[tuple[str, str], Block] | None = None
