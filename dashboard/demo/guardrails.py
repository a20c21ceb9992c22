"""What routers are told beside the experiments: tiers, the company's caps, a block by hand."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

from dashboard.demo.amounts import round_figure, usd_per_call
from dashboard.demo.calls import Volume
from dashboard.demo.cast import Cast
from dashboard.demo.catalogue import FINE_TUNED, MODELS
from dashboard.demo.history import History, Scene
from finops.periods import ONE_DAY
from policy.models import Cap, Scope
from policy.operations.breaker import block, unblock
from policy.operations.hierarchy import Ranking, rank_models
from policy.operations.publish import publish
from policy.operations.scopes import put_cap

LEAKED_KEY = "A key of the broker portal stood in a public repository: blocked until it is changed."
ANSWERS_ITSELF = "It answers its own notices since the new prompt of this afternoon."
WIDE = Decimal("2.5")  # the company's daily cap, as a multiple of the busiest day


def scenes(history: History, cast: Cast, parts: Sequence[Volume]) -> Iterator[Scene]:
    start = history.start
    yield Scene(history.at(start - ONE_DAY * 29, "14:00"), partial(rank_all_models, cast))
    yield Scene(history.at(start - ONE_DAY * 2, "15:00"), partial(_cap, history, cast, parts))
    yield Scene(history.ago(70, "10:12"), partial(_block_sales, cast))
    yield Scene(history.ago(70, "13:41"), partial(_unblock_sales, cast))
    yield Scene(history.ago(9, "16:35"), partial(_block_autopilot, cast))
    yield Scene(history.ago(9, "18:20"), partial(_unblock_autopilot, cast))


def rank_all_models(cast: Cast, at: datetime) -> None:
    rankings = [
        Ranking(
            provider=model.provider,
            model=model.name,
            tier=model.tier,
            batch=model.name != FINE_TUNED,
        )
        for model in MODELS.values()
        if model.tier is not None
    ]
    reason = "By list price and what the vendors say it is for."
    rank_models(rankings=rankings, reason=reason, by=cast.users["engineer"], at=at)


def _cap(history: History, cast: Cast, parts: Sequence[Volume], at: datetime) -> None:
    """Cap a day of the whole company, and let marketing's months be watched."""
    busiest_usd = _busiest_day_usd(parts, history, at=at)
    limits = (
        ("org", Cap.Window.DAY, Cap.Mode.HARD, busiest_usd * WIDE),
        ("unit:insurance", Cap.Window.DAY, Cap.Mode.SOFT, busiest_usd),
        ("unit:technology", Cap.Window.PERIOD, Cap.Mode.ALERT, busiest_usd * 8),
    )
    for slug, window, mode, limit_usd in limits:
        put_cap(
            scope=Scope.objects.get(slug=slug),
            window=window,
            limit_usd=round_figure(limit_usd),
            mode=mode,
            starts_on=history.start,
            ends_on=None,
            by=cast.users["cfo"],
            at=at,
        )
    publish(cause="Caps of the company and its divisions", by=cast.users["cfo"], at=at)


def _busiest_day_usd(parts: Sequence[Volume], history: History, *, at: datetime) -> Decimal:
    costs = {volume: usd_per_call(volume.workload, passed=1.0, at=at) for volume in parts}
    return max(
        sum((volume.on(day) * usd for volume, usd in costs.items()), Decimal(0))
        for day in history.days()
    )


def _block_sales(cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug="unit:sales")
    block(scope=scope, code="key_leaked", text=LEAKED_KEY, by=cast.users["engineer"], at=at)


def _unblock_sales(cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug="unit:sales")
    unblock(scope=scope, by=cast.users["engineer"], at=at, reason="The key was changed.")


def _block_autopilot(cast: Cast, at: datetime) -> None:
    """Let the manager stop an experiment by hand; no cap was near."""
    scope = Scope.objects.get(slug="initiative:reply-autopilot")
    block(scope=scope, code="stopped", text=ANSWERS_ITSELF, by=cast.users["gm"], at=at)


def _unblock_autopilot(cast: Cast, at: datetime) -> None:
    scope = Scope.objects.get(slug="initiative:reply-autopilot")
    unblock(scope=scope, by=cast.users["gm"], at=at, reason="The old prompt is back.")
