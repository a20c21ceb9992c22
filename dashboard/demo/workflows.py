"""What the company uses models for: each workload with its callers, size and rhythm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboard.demo.catalogue import FINE_TUNED, NEGOTIATED_ACCOUNT
from dashboard.demo.history import Rhythm

Mix = Mapping[str, int]  # model → weight
STRANGERS = ("k.voss@adept-consulting.example", "r.oduya@adept-consulting.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a call is on average.

    `hit` is how often the prefix of the context comes out of the provider's cache, and
    `searches` how often a call searches the web.
    """

    context: int
    out: int
    reasoning: int = 0
    hit: float = 0.0
    searches: float = 0.0
    long_cache: bool = False


class Switch(NamedTuple):
    """From this share of the history on, other models are called."""

    after: float
    models: Mix


class Burst(NamedTuple):
    """For some days the workload is a multiple of itself."""

    after: float
    days: int
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One workflow of the company; `share` is its weight among all calls.

    Its calls carry a service's key, or, with `by_staff`, the key and name of a person of
    the unit. Without a unit no rule claims it. With `calls_per_task` they name the task they
    belong to, so many in a row of a day.
    """

    name: str
    unit: str | None
    share: float
    shape: Shape
    models: Mix
    project: str = ""
    task_type: str = ""
    key: str = ""
    team: str = ""
    by_staff: bool = False
    people: tuple[str, ...] = ()
    account: str = ""
    rhythm: Rhythm = Rhythm.OFFICE
    since: float = 0.0
    switch: Switch | None = None
    calls_per_task: int = 0
    bursts: tuple[Burst, ...] = field(default=())

    def models_at(self, passed: float) -> Mix:
        if self.switch is not None and passed >= self.switch.after:
            return self.switch.models
        return self.models


_CHAT = Shape(context=14_500, out=1_150, reasoning=700, hit=0.45, searches=0.04)
_OFFICE_CHAT: Mix = {"gpt-5.2": 5, "claude-sonnet-5": 4, "gpt-5-mini": 3}
_CODING: Mix = {"claude-opus-4-8": 6, "claude-sonnet-5": 5, "claude-haiku-4-5": 1}


def _assistant(unit: str, share: float, models: Mix = _OFFICE_CHAT) -> Workload:
    return Workload(
        name="assistant",
        unit=unit,
        share=share,
        shape=_CHAT,
        models=models,
        project="workspace",
        task_type="chat",
        key=f"ws-{unit}",
        team=unit,
        by_staff=True,
    )


WORKLOADS = (
    # Insurance operations
    Workload(
        name="claims-intake", unit="claims", share=13, task_type="extraction",
        shape=Shape(context=44_000, out=1_700, hit=0.55), project="claims-core",
        models={"gpt-5-mini": 2, "gpt-5.2": 8}, key="svc-claims-intake", rhythm=Rhythm.PUBLIC,
        bursts=(Burst(0.34, 6, 2.8), Burst(0.71, 4, 2.2)),
        calls_per_task=3,
    ),
    Workload(
        name="claims-document-review", unit="claims", share=7.5, task_type="analysis",
        shape=Shape(context=148_000, out=4_300, reasoning=2_600, hit=0.25), project="claims-core",
        models={"gpt-5.2": 1}, switch=Switch(0.55, {"gpt-5.6-terra": 4, "gpt-5.2": 1}),
        key="svc-claims-review", bursts=(Burst(0.345, 7, 2.1), Burst(0.715, 5, 1.8)),
    ),
    Workload(
        name="claims-coding", unit="claims", share=1.2, task_type="classification",
        shape=Shape(context=1_900, out=40), project="claims-core", models={FINE_TUNED: 1},
        key="svc-claims-coding", rhythm=Rhythm.PUBLIC, since=0.42,
    ),
    Workload(
        name="fraud-signals", unit="fraud", share=6, task_type="classification",
        shape=Shape(context=24_000, out=900, reasoning=2_600, hit=0.65), project="fraud-desk",
        models={"claude-haiku-4-5": 3, "claude-sonnet-5": 7}, key="svc-fraud",
        rhythm=Rhythm.NIGHT,
    ),
    Workload(
        name="uw-submission-review", unit="underwriting", share=5.0, task_type="analysis",
        shape=Shape(context=118_000, out=3_400, reasoning=2_200, hit=0.25), project="uw-desk",
        models={"claude-opus-4-8": 5, "claude-sonnet-5": 5}, key="svc-underwriting",
        bursts=(Burst(0.24, 8, 1.7), Burst(0.52, 8, 1.6), Burst(0.80, 8, 1.7)),
    ),
    Workload(
        name="uw-risk-notes", unit="underwriting", share=3.4, task_type="summarisation",
        shape=Shape(context=46_000, out=2_300, hit=0.40), project="uw-desk",
        models={"gemini-2.5-pro": 1}, key="svc-underwriting",
    ),
    Workload(
        name="payment-matching", unit="payments", share=8, task_type="extraction",
        shape=Shape(context=34_000, out=1_300, hit=0.40), project="ledger-bots",
        models={"gpt-5-mini": 4, "gpt-5.2": 6}, key="svc-payments", rhythm=Rhythm.NIGHT,
    ),
    # Customer
    Workload(
        name="support-drafter", unit="support", share=17, task_type="drafting",
        shape=Shape(context=54_000, out=1_500, reasoning=900, hit=0.50), project="support-desk",
        models={"claude-sonnet-5": 6, "claude-haiku-4-5": 4}, key="svc-support",
        rhythm=Rhythm.PUBLIC,
        switch=Switch(0.62, {"claude-haiku-4-5": 6, "claude-sonnet-5": 4}),
        calls_per_task=2,
    ),
    Workload(
        name="support-triage", unit="support", share=9, task_type="classification",
        shape=Shape(context=6_600, out=190, hit=0.70), project="support-desk",
        models={"gpt-5-nano": 3, "gpt-5-mini": 7}, key="svc-support", rhythm=Rhythm.PUBLIC,
    ),
    Workload(
        name="support-call-summaries", unit="support", share=4, task_type="summarisation",
        shape=Shape(context=34_000, out=1_700), project="support-desk",
        models={"gemini-2.5-flash": 7, "gemini-2.5-pro": 3}, key="svc-support-voice",
        rhythm=Rhythm.PUBLIC, since=0.2,
    ),
    Workload(
        name="campaign-writer", unit="marketing", share=2.6, task_type="drafting",
        shape=Shape(context=33_000, out=5_200, reasoning=2_400, hit=0.35, searches=0.12),
        project="brand-studio", models={"gpt-5.5": 6, "gpt-5.2": 4}, key="svc-marketing",
        bursts=(Burst(0.46, 12, 2.4), Burst(0.86, 9, 2.0)),
    ),
    Workload(
        name="campaign-translation", unit="marketing", share=1.8, task_type="translation",
        shape=Shape(context=9_100, out=7_600), project="brand-studio",
        models={"gemini-2.5-flash": 4, "gemini-2.5-pro": 6}, key="svc-marketing",
        rhythm=Rhythm.NIGHT,
    ),
    Workload(
        name="broker-quote-helper", unit="sales", share=3.4, task_type="chat",
        shape=Shape(context=36_000, out=1_900, reasoning=900, hit=0.40),
        project="broker-portal",
        models={"gpt-5.2": 8, "gpt-5-mini": 2}, key="svc-broker-portal", rhythm=Rhythm.PUBLIC,
        calls_per_task=4,
    ),
    # Technology
    Workload(
        name="code-agent", unit="engineering", share=13, task_type="coding", models=_CODING,
        shape=Shape(context=86_000, out=2_300, reasoning=1_100, hit=0.84), project="dev-tools",
        key="dev", team="engineering", by_staff=True, account=NEGOTIATED_ACCOUNT,
        bursts=(Burst(0.60, 1, 7.0), Burst(0.93, 4, 1.6)),
    ),
    Workload(
        name="code-review", unit="engineering", share=4.5, task_type="coding",
        shape=Shape(context=48_000, out=2_600, reasoning=2_200, hit=0.45), project="dev-tools",
        models={"claude-sonnet-5": 8, "claude-opus-4-8": 2}, key="svc-ci", team="engineering",
        account=NEGOTIATED_ACCOUNT,
    ),
    Workload(
        name="pipeline-agent", unit="data-platform", share=3, task_type="coding",
        shape=Shape(context=74_000, out=2_300, hit=0.72), project="lakehouse",
        models=_CODING,
        key="svc-data-pipelines", account=NEGOTIATED_ACCOUNT, since=0.15,
    ),
    Workload(
        name="text-to-sql", unit="data-platform", share=3.2, task_type="coding",
        shape=Shape(context=52_000, out=900, reasoning=1_900, hit=0.55), project="lakehouse",
        models={"gpt-5.2": 1}, switch=Switch(0.58, {"gpt-5.6-terra": 1}), key="svc-data-sql",
    ),
    Workload(
        name="sec-alert-triage", unit="security", share=4, task_type="classification",
        shape=Shape(context=38_000, out=1_300, reasoning=2_300, hit=0.40), project="soc",
        models={"claude-haiku-4-5": 5, "claude-sonnet-5": 5}, key="svc-soc", rhythm=Rhythm.PUBLIC,
    ),
    # Corporate functions
    Workload(
        name="contract-review", unit="legal", share=2.2, task_type="analysis",
        shape=Shape(context=94_000, out=4_200, reasoning=3_000, hit=0.20, long_cache=True),
        project="legal-desk", models={"claude-opus-4-8": 1}, key="svc-legal",
        calls_per_task=5,
    ),
    Workload(
        name="hr-policy-answers", unit="hr", share=2.4, task_type="chat",
        shape=Shape(context=62_000, out=1_700, hit=0.35), project="people-portal",
        models={"gpt-5.2": 1}, key="svc-hr",
    ),
    Workload(
        name="month-end-commentary", unit="finance-office", share=1.0, task_type="drafting",
        shape=Shape(context=96_000, out=4_200, reasoning=5_500), project="close",
        models={"gpt-5.2": 1}, key="svc-finance-close",
        bursts=tuple(Burst(after, 4, 4.0) for after in (0.09, 0.28, 0.46, 0.65, 0.83)),
    ),
    # People at their desks
    _assistant("claims", 3.2),
    _assistant("underwriting", 2.2),
    _assistant("support", 2.0, {"gpt-5-mini": 8, "gpt-5.2": 2}),
    _assistant("marketing", 2.6, {"gpt-5.5": 3, "gpt-5.2": 7}),
    _assistant("legal", 1.8, {"claude-sonnet-5": 7, "claude-opus-4-8": 3}),
    _assistant("hr", 1.1),
    _assistant("finance-office", 1.3),
    _assistant("sales", 1.0),
    # What nobody has claimed yet
    Workload(
        name="notebook", unit=None, share=1.6, task_type="",
        shape=Shape(context=52_000, out=3_000, reasoning=2_400), project="sandbox",
        models={"gpt-5.5": 3, "gpt-5.2": 7}, key="sk-legacy-7Qd", people=STRANGERS,
    ),
    Workload(
        name="ocr-backfill", unit=None, share=1.0, task_type="extraction",
        shape=Shape(context=48_000, out=3_900), project="archive", models={"gemini-2.5-pro": 1},
        key="svc-archive", rhythm=Rhythm.NIGHT, since=0.88,
    ),
)  # fmt: skip
