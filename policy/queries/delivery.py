"""Delivery: which router runs which revision since when, who is silent, and how long it took."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from policy.models import PolicyRevision, Sidecar
from policy.queries.overlays import SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Delivered:
    """A router and what it runs. `took` is from issue to applied, None where unknown."""

    sidecar: Sidecar
    is_current: bool
    is_silent: bool
    took: timedelta | None

    @property
    def took_in_words(self) -> str:
        return seconds(self.took)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The fleet beside a revision; p50 and p99 are of the routers whose time is known."""

    current: int | None
    routers: Sequence[Delivered]
    p50: timedelta | None
    p99: timedelta | None

    @property
    def known(self) -> int:
        """How many routers the percentiles are read from."""
        return sum(each.took is not None for each in self.routers)


def delivery(*, current: int | None, at: datetime) -> Delivery:
    """Return the routers by name, in two queries for any number of them."""
    sidecars = list(Sidecar.objects.order_by("name"))
    issued = _issued({each.revision for each in sidecars})
    routers = [_delivered(each, issued, current=current, at=at) for each in sidecars]
    times = [each.took for each in routers if each.took is not None]
    return Delivery(current, routers, nearest_rank(times, 50), nearest_rank(times, 99))


def _issued(numbers: Iterable[int]) -> Mapping[int, datetime]:
    found = PolicyRevision.objects.filter(number__in=numbers)
    return dict(found.values_list("number", "issued_at"))


def _delivered(
    sidecar: Sidecar, issued: Mapping[int, datetime], *, current: int | None, at: datetime
) -> Delivered:
    issued_at, applied_at = issued.get(sidecar.revision), sidecar.applied_at
    took = applied_at - issued_at if issued_at and applied_at else None
    # A router's clock that goes slow would have applied what was not issued yet.
    is_known = took is not None and took >= timedelta()
    return Delivered(
        sidecar,
        is_current=sidecar.revision == current,
        is_silent=at - sidecar.seen_at > SILENT_AFTER,
        took=took if is_known else None,
    )


def nearest_rank(times: Sequence[timedelta], percent: int) -> timedelta | None:
    """Return the least time that so many percent of the times do not exceed; None of none."""
    if not times:
        return None
    return sorted(times)[ceil(len(times) * percent / 100) - 1]


def delivery_sentence(found: Delivery, *, zone: ZoneInfo, at: datetime) -> str:
    """Say how many run the newest revision and who does not: 3 of 4 on revision 42."""
    if found.current is None or not found.routers:
        return ""
    count = sum(each.is_current for each in found.routers)
    head = f"{count} of {len(found.routers)} on revision {found.current}"
    behind = [_behind(each, zone=zone, at=at) for each in found.routers if not each.is_current]
    silent = [each.sidecar.name for each in found.routers if each.is_current and each.is_silent]
    parts = [head, *behind]
    parts += [f"{name} has not been heard of lately" for name in silent]
    return "; ".join(parts) + "."


def _behind(each: Delivered, *, zone: ZoneInfo, at: datetime) -> str:
    sidecar = each.sidecar
    silent = ", and silent" if each.is_silent else ""
    if not sidecar.revision:
        return f"{sidecar.name} has applied none yet{silent}"
    since = f" since {_clock(sidecar.applied_at, zone, at)}" if sidecar.applied_at else ""
    return f"{sidecar.name} still on {sidecar.revision}{since}{silent}"


def _clock(when: datetime, zone: ZoneInfo, at: datetime) -> str:
    """Write the hour of today, or an hour with its day."""
    there, here = when.astimezone(zone), at.astimezone(zone)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there.day} {there:%b, %H:%M}"


def seconds(time: timedelta | None) -> str:
    """Write how long something took: 0.4 s, 12 s, 3 min 20 s; a dash where unknown."""
    if time is None:
        return "–"
    total = time.total_seconds()
    if total < 10:  # noqa: PLR2004 -- beneath ten seconds a tenth still tells something
        return f"{total:.1f} s"
    minutes, rest = divmod(round(total), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
