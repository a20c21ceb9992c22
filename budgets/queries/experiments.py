"""How experiments stand: spent against their caps, days left, and whether they may run."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum

from budgets.lifecycle import GRADUATED, SPENDING
from budgets.models import Graduation, Initiative
from budgets.queries.consequences import Consequence, caps_of_cost_objects, consequence
from budgets.queries.extensions import last_extensions
from finops.backtest import HISTORY_DAYS, Method
from finops.forecast import Exhaustion, Outlook, outlook_of
from finops.periods import ONE_DAY, Period
from finops.run_rate import Daily, run_rate
from ingestion.models import CostStatus, UnitDay
from ingestion.queries.spend import data_days
from org.models import Approval, User
from policy.models import Cap, Scope

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class InitiativeStanding:
    """An experiment on a day.

    `scope` is None until it is approved. `daily` has its known days since its first
    call; `then` is what happens when its cap is spent; `extension` is the last request for
    more time. `core_from` is the day of its graduation, where it is in core or will be.
    """

    initiative: Initiative
    on: date
    spent_usd: Decimal
    spent_today_usd: Decimal
    unpriced_calls: int
    scope: Scope | None
    daily: Daily
    outlook: Outlook
    then: Consequence
    extension: Approval | None
    core_from: date | None = None

    @property
    def exhausts(self) -> Exhaustion | None:
        return self.outlook.exhausts

    @property
    def run_rate_usd(self) -> Decimal | None:
        return run_rate(self.daily)

    @property
    def term(self) -> Period:
        """The days it may run as an experiment."""
        return Period(self.initiative.starts_on, self.ends_on)

    @property
    def ends_on(self) -> date:
        """The first day on which it is no experiment: it has ended, or is core."""
        return _end_of(self.initiative, self.core_from)

    @property
    def left_usd(self) -> Decimal:
        return self.initiative.cap_usd - self.spent_usd

    @property
    def days_left(self) -> int:
        return max((self.ends_on - max(self.on, self.initiative.starts_on)).days, 0)

    @property
    def is_running(self) -> bool:
        return self.initiative.state in SPENDING

    @property
    def blocked_reason(self) -> str:
        return self.scope.reason_text if self.scope else ""


def visible_initiatives(user: User) -> list[Initiative]:
    """Return the initiatives the user may see, the newest first."""
    found = Initiative.objects.visible_to(user).select_related(
        "unit", "owner__person", "on_call__person", "requested_by__person", "cost_object__scope"
    )
    return list(found.order_by("-pk"))


def initiative_standings(
    initiatives: Sequence[Initiative], *, on: date, method: Method | None = None
) -> list[InitiativeStanding]:
    """Return how experiments stand, in a fixed number of queries for all of them.

    The forecast is the best one unless a method is asked for.
    """
    ids = [found.cost_object_id for found in initiatives if found.cost_object_id is not None]
    spends = _spends(ids, on=on)
    by_day = _by_day(ids, since=on - timedelta(days=HISTORY_DAYS), on=on)
    caps = caps_of_cost_objects(ids, on=on)
    extensions = last_extensions([found.pk for found in initiatives])
    core_days = core_days_of(initiatives)
    reach = data_days()
    known_until = min(on, reach.end) if reach else on
    return [
        _standing(
            found,
            on=on,
            spend=spends.get(found.cost_object_id or 0, (ZERO, ZERO, 0)),
            daily=_known_days(by_day.get(found.cost_object_id or 0, {}), until=known_until),
            caps=caps.get(found.cost_object_id or 0, []),
            method=method,
            extension=extensions.get(found.pk),
            core_from=core_days.get(found.pk),
        )
        for found in initiatives
    ]


def initiative_standing(
    *, initiative: Initiative, on: date, method: Method | None = None
) -> InitiativeStanding:
    """Return how one experiment stands."""
    return initiative_standings([initiative], on=on, method=method)[0]


def _standing(
    initiative: Initiative,
    *,
    on: date,
    spend: tuple[Decimal, Decimal, int],
    daily: Daily,
    caps: Sequence[Cap],
    method: Method | None,
    extension: Approval | None,
    core_from: date | None,
) -> InitiativeStanding:
    spent_usd, today_usd, unpriced = spend
    return InitiativeStanding(
        initiative=initiative,
        on=on,
        spent_usd=spent_usd,
        spent_today_usd=today_usd,
        unpriced_calls=unpriced,
        scope=_scope_of(initiative),
        daily=daily,
        outlook=outlook_of(
            # What does not run costs nothing more: there is nothing to forecast.
            daily=daily if initiative.state in SPENDING else [],
            before_usd=spent_usd - today_usd,
            granted_usd=initiative.cap_usd,
            period=Period(initiative.starts_on, _end_of(initiative, core_from)),
            method=method,
        ),
        then=consequence(caps, granted_usd=initiative.cap_usd, since=initiative.starts_on),
        extension=extension,
        core_from=core_from,
    )


def core_days_of(initiatives: Iterable[Initiative]) -> dict[int, date]:
    """Return the day on which each enters core, or entered it, of those that are there."""
    there = [found.pk for found in initiatives if found.state in GRADUATED]
    if not there:
        return {}
    rows = Graduation.objects.filter(initiative__in=there).order_by("number")
    return dict(rows.values_list("initiative", "starts_on"))


def _end_of(initiative: Initiative, core_from: date | None) -> date:
    return initiative.ends_on if core_from is None else min(initiative.ends_on, core_from)


def _known_days(found: dict[date, Decimal], *, until: date) -> Daily:
    """Return every day from the first call on; before it the experiment was not running yet."""
    first = min(found, default=until)
    days = (first + ONE_DAY * number for number in range((until - first).days))
    return [(day, found.get(day, ZERO)) for day in days]


def _by_day(
    cost_object_ids: Sequence[int], *, since: date, on: date
) -> dict[int, dict[date, Decimal]]:
    rows = (
        UnitDay.objects.filter(
            metered=True,
            is_core=False,
            cost_object__in=cost_object_ids,
            reporting_day__gte=since,
            reporting_day__lt=on,
        )
        .values_list("cost_object", "reporting_day")
        .annotate(usd=Sum("cost_usd"))
    )
    found: dict[int, dict[date, Decimal]] = defaultdict(dict)
    for cost_object, day, usd in rows:
        found[cost_object][day] = usd
    return found


def _spends(cost_object_ids: Sequence[int], *, on: date) -> dict[int, tuple[Decimal, Decimal, int]]:
    today = Q(reporting_day__gte=on, reporting_day__lt=on + ONE_DAY)
    rows = (
        UnitDay.objects.filter(
            metered=True,
            is_core=False,
            cost_object__in=cost_object_ids,
            # One that was demoted has a new start: its first life is settled.
            reporting_day__gte=F("cost_object__initiative__starts_on"),
        )
        .values("cost_object")
        .annotate(
            usd=Sum("cost_usd"),
            today_usd=Sum("cost_usd", filter=today),
            unpriced=Sum("calls", filter=Q(status=CostStatus.UNPRICED)),
        )
    )
    return {
        row["cost_object"]: (row["usd"] or ZERO, row["today_usd"] or ZERO, row["unpriced"] or 0)
        for row in rows
    }


def _scope_of(initiative: Initiative) -> Scope | None:
    if initiative.cost_object is None:
        return None
    return getattr(initiative.cost_object, "scope", None)
