"""What a router counts itself: rates, calls under way, tasks, prompts, quotas, probes.

Nothing here is on the disk or shared with other routers; what must hold for all of them together
is leased from the server. The table of each kind holds 10,000 entries at most, so that a flood of
made-up names costs memory that is bounded: whoever was not seen for longest is forgotten first.

A Tally has no lock. The caller holds one around `decide` and `take`, and around each other call.
Time is an argument and never goes back: an instant before the latest one counts as the latest.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tokenops_sidecar.call import Call
from tokenops_sidecar.decision import LOOP, Decision
from tokenops_sidecar.limits import Quota
from tokenops_sidecar.policy import Scope
from tokenops_sidecar.price import tokens_of
from tokenops_sidecar.uses import Amounts, ProbeCalls, QuotaUse, ScopeUse, Signal, Taken, TaskUse
from tokenops_sidecar.window import Recent, Window

TASKS_KEPT_S = 24 * 3_600
PROMPTS_KEPT_S = 24 * 3_600
CONVERSATIONS_KEPT_S = 3_600
QUOTAS_KEPT_S = 35 * 24 * 3_600
MOST_SIGNALS = 1_000
_NOTHING = Decimal(0)


class Tally:
    """Everything that changes with calls, but money on lease."""

    def __init__(self) -> None:
        self._latest_s = 0.0
        self._scopes: dict[str, ScopeUse] = {}
        self._tasks = Recent[tuple[str, str], TaskUse](keep_s=TASKS_KEPT_S)
        self._prompts = Recent[tuple[str, str], Window](keep_s=PROMPTS_KEPT_S)
        self._conversations = Recent[str, tuple[str, str]](keep_s=CONVERSATIONS_KEPT_S)
        self._quotas: dict[str, Recent[str, QuotaUse]] = {}
        self._probes: dict[str, ProbeCalls] = {}
        self._signals: dict[tuple[str, str, str], Signal] = {}

    def now_s(self, now: datetime) -> float:
        return max(now.timestamp(), self._latest_s)

    def scope(self, scope_id: str) -> ScopeUse | None:
        return self._scopes.get(scope_id)

    def task(self, scope_id: str, task: str, *, at_s: float) -> TaskUse | None:
        return self._tasks.get((scope_id, task), at_s=at_s)

    def prompt(self, scope_id: str, prompt_hash: str, *, at_s: float) -> Decimal:
        """Return how many calls with this prompt count as of now."""
        seen = self._prompts.get((scope_id, prompt_hash), at_s=at_s)
        return seen.total(at_s) if seen else _NOTHING

    def quota(self, quota: Quota, subject: str, *, at_s: float) -> Decimal:
        """Return what somebody used of a quota."""
        use = self._quota_use(quota, subject, at_s=at_s)
        if use is None or not use.is_of(quota):
            return _NOTHING
        return use.rolling.total(at_s) if use.rolling is not None else use.since

    def quota_frees_s(self, quota: Quota, subject: str, amount: Decimal, *, at_s: float) -> float:
        """Return when so much of a rolling quota will be free again."""
        use = self._quota_use(quota, subject, at_s=at_s)
        return use.rolling.frees_s(amount, at_s=at_s) if use and use.rolling else 0.0

    def conversation(self, conversation: str, *, at_s: float) -> tuple[str, str] | None:
        """Return which model a conversation asked for last, and which it got."""
        return self._conversations.get(conversation, at_s=at_s)

    def probe(self, probe_id: str) -> ProbeCalls | None:
        return self._probes.get(probe_id)

    def take(
        self, decision: Decision, call: Call, path: Sequence[Scope], now: datetime
    ) -> Taken | None:
        """Count what was decided, whatever it was; return what to `leave` with, if it is made.

        `path` is `policy.path(call.attributes)`. A call that is not made counts for nothing but
        the share a throttle keeps, and a loop is remembered as a signal.
        """
        at_s = self._latest_s = self.now_s(now)
        if decision.throttle:
            self._use(decision.throttle).judged += 1
        if decision.code == LOOP:
            self._signal(decision, call, now)
        if not decision.is_go:
            return None
        tokens, usd = tokens_of(call), decision.reserve_usd
        taken = Taken(call, path, at_s, tokens, usd, decision.probes)
        self._count(taken)
        if call.conversation:
            models = call.model, decision.model
            self._conversations.put(call.conversation, models, at_s=at_s)
        return taken

    def leave(
        self, taken: Taken, now: datetime, *, tokens: int | None = None, usd: Decimal | None = None
    ) -> None:
        """End a call; what it really took replaces what was reserved, where it is known."""
        self._latest_s = self.now_s(now)
        more_tokens = 0 if tokens is None else tokens - taken.tokens
        more_usd = _NOTHING if usd is None else usd - taken.usd
        self._correct(taken, Amounts(0, more_tokens, more_usd))

    def undo(self, taken: Taken, now: datetime) -> None:
        """Take back a call that never went out: nothing of it stays counted."""
        self._latest_s = self.now_s(now)
        self._correct(taken, Amounts(-1, -taken.tokens, -taken.usd))
        for probe_id in taken.probes:
            self._use_probe(probe_id, by=1)

    def grant_probe(self, probe_id: str, calls: int, *, until: datetime) -> None:
        """Take in calls for a test that the server leased; those of a lease that ended are gone."""
        is_over = [
            one for one, had in self._probes.items() if had.until.timestamp() < self._latest_s
        ]
        for one in is_over:
            del self._probes[one]
        known = self._probes.get(probe_id)
        left = known.left if known and not known.denied else 0
        self._probes[probe_id] = ProbeCalls(left + calls, until)

    def deny_probe(self, probe_id: str, text: str, *, until: datetime) -> None:
        """Take in that no more calls are set apart; holds until an instant."""
        self._probes[probe_id] = ProbeCalls(0, until, text)

    def sizes(self) -> dict[str, int]:
        """Return how many entries each table holds."""
        quotas = {quota: len(uses) for quota, uses in self._quotas.items()}
        return quotas | {
            "tasks": len(self._tasks),
            "prompts": len(self._prompts),
            "conversations": len(self._conversations),
        }

    def signals(self) -> list[Signal]:
        """Hand over what the server has to be told, once."""
        found = list(self._signals.values())
        self._signals.clear()
        return found

    def _signal(self, decision: Decision, call: Call, now: datetime) -> None:
        key = (decision.scope, decision.code, call.prompt_hash)
        if len(self._signals) < MOST_SIGNALS:
            self._signals.setdefault(key, Signal(*key, now))

    def _count(self, taken: Taken) -> None:
        call, at_s = taken.call, taken.at_s
        amounts = Amounts(1, taken.tokens, taken.usd)
        for scope in taken.path:
            use = self._use(scope.id)
            use.under_way += 1
            if scope.rates:
                use.requests.add(1, at_s=at_s)
                use.tokens.add(amounts.tokens, at_s=at_s)
                use.usd.add(amounts.usd, at_s=at_s)
            if scope.task_limits and call.task:
                self._count_task((scope.id, call.task), amounts, at_s)
            if scope.loop and call.prompt_hash:
                self._count_prompt((scope.id, call.prompt_hash), scope.loop.window_s, at_s)
            for quota in scope.quotas:
                self._count_quota(quota, call, amounts, at_s)
        for probe_id in taken.probes:
            self._use_probe(probe_id, by=-1)

    def _correct(self, taken: Taken, more: Amounts) -> None:
        """End a call, and change what it counts as: never by adding to a later minute."""
        call, at_s = taken.call, taken.at_s
        for scope in taken.path:
            use = self._use(scope.id)
            use.under_way -= 1
            use.requests.correct(more.calls, taken_s=at_s)
            use.tokens.correct(more.tokens, taken_s=at_s)
            use.usd.correct(more.usd, taken_s=at_s)
            task = self._tasks.get((scope.id, call.task), at_s=self._latest_s)
            if task is not None:
                task.steps += more.calls
                task.usd += more.usd
            prompt = self._prompts.get((scope.id, call.prompt_hash), at_s=self._latest_s)
            if prompt is not None:
                prompt.correct(more.calls, taken_s=at_s)
            for quota in scope.quotas:
                self._correct_quota(quota, taken, more)

    def _count_task(self, key: tuple[str, str], amounts: Amounts, at_s: float) -> None:
        task = self._tasks.get(key, at_s=at_s) or TaskUse()
        task.steps += amounts.calls
        task.usd += amounts.usd
        self._tasks.put(key, task, at_s=at_s)

    def _count_prompt(self, key: tuple[str, str], window_s: int, at_s: float) -> None:
        prompt = self._prompts.get(key, at_s=at_s)
        if prompt is None or prompt.span_s != window_s:
            prompt = Window(window_s)
        prompt.add(1, at_s=at_s)
        self._prompts.put(key, prompt, at_s=at_s)

    def _count_quota(self, quota: Quota, call: Call, amounts: Amounts, at_s: float) -> None:
        subject = quota.subject(call)
        if subject is None:
            return
        use = self._quota_use(quota, subject, at_s=at_s)
        if use is None or not use.is_of(quota):
            use = QuotaUse.of(quota)
        if use.rolling is not None:
            use.rolling.add(amounts.of(quota.metric), at_s=at_s)
        else:
            use.since += amounts.of(quota.metric)
        uses = self._quotas.setdefault(quota.id, Recent(keep_s=QUOTAS_KEPT_S))
        uses.put(subject, use, at_s=at_s)

    def _correct_quota(self, quota: Quota, taken: Taken, more: Amounts) -> None:
        subject = quota.subject(taken.call)
        use = None if subject is None else self._quota_use(quota, subject, at_s=self._latest_s)
        if use is None or not use.is_of(quota):
            return  # it counts for a day that is over
        if use.rolling is not None:
            use.rolling.correct(more.of(quota.metric), taken_s=taken.at_s)
        else:
            use.since += more.of(quota.metric)

    def _quota_use(self, quota: Quota, subject: str, *, at_s: float) -> QuotaUse | None:
        uses = self._quotas.get(quota.id)
        return uses.get(subject, at_s=at_s) if uses else None

    def _use_probe(self, probe_id: str, *, by: int) -> None:
        known = self._probes.get(probe_id)
        if known is not None:
            self._probes[probe_id] = replace(known, left=known.left + by)

    def _use(self, scope_id: str) -> ScopeUse:
        return self._scopes.setdefault(scope_id, ScopeUse())
