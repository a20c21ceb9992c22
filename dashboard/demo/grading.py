"""What work is, how good an answer has to be, and which models were graded at it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from dashboard.demo.cast import Cast
from dashboard.demo.catalogue import MODELS
from dashboard.demo.history import History, Scene
from finops.complexity import Band
from ingestion.models import Evaluation
from ingestion.operations.evaluations import EvaluationDraft, record_evaluations
from policy.models import Risk, Tier, WorkflowLabel
from policy.operations.requirements import Label, Required, label_workflow, require_quality

SIMPLE, MEDIUM, COMPLEX = Band.SIMPLE, Band.MEDIUM, Band.COMPLEX
SYNC, ASYNC = WorkflowLabel.Latency.SYNC, WorkflowLabel.Latency.ASYNC

REQUIRED_AGO, LABELLED_AGO, GRADED_AGO = 64, 62, 20
GRADED_EARLY_AGO = 55  # of what wanted to prove itself first
# Risk → the share that has to pass, and the lowest tier that may be asked.
REQUIRED = {
    Risk.LOW: (Decimal("0.90"), Tier.LOCAL),
    Risk.MEDIUM: (Decimal("0.93"), Tier.LOCAL),
    Risk.HIGH: (Decimal("0.96"), Tier.MID),
}
WHY_REQUIRED = "Agreed with risk management: as good as the people who did it before."
WHY_LABELLED = "As its owner describes it."


class Work(NamedTuple):
    """What the calls of a workflow are."""

    task_type: str
    complexity: Band
    risk: Risk
    latency: WorkflowLabel.Latency
    human_review: bool = False


# Nobody has said it of the notebook, the archive job and the clause search yet.
LABELS: Mapping[str, Work] = {
    "claims-intake": Work("extraction", MEDIUM, Risk.MEDIUM, SYNC),
    "claims-document-review": Work("analysis", COMPLEX, Risk.HIGH, ASYNC, human_review=True),
    "claims-coding": Work("classification", SIMPLE, Risk.MEDIUM, ASYNC),
    "fraud-signals": Work("classification", MEDIUM, Risk.HIGH, ASYNC, human_review=True),
    "uw-submission-review": Work("analysis", COMPLEX, Risk.HIGH, ASYNC, human_review=True),
    "uw-risk-notes": Work("summarisation", MEDIUM, Risk.MEDIUM, ASYNC, human_review=True),
    "payment-matching": Work("extraction", MEDIUM, Risk.MEDIUM, ASYNC),
    "support-drafter": Work("drafting", SIMPLE, Risk.LOW, SYNC, human_review=True),
    "support-triage": Work("classification", SIMPLE, Risk.LOW, SYNC),
    "support-call-summaries": Work("summarisation", SIMPLE, Risk.LOW, ASYNC),
    "campaign-writer": Work("drafting", MEDIUM, Risk.LOW, SYNC, human_review=True),
    "campaign-translation": Work("translation", SIMPLE, Risk.LOW, ASYNC, human_review=True),
    "broker-quote-helper": Work("chat", MEDIUM, Risk.MEDIUM, SYNC),
    "code-agent": Work("coding", COMPLEX, Risk.MEDIUM, SYNC, human_review=True),
    "code-review": Work("coding", MEDIUM, Risk.LOW, ASYNC, human_review=True),
    "pipeline-agent": Work("coding", COMPLEX, Risk.MEDIUM, SYNC, human_review=True),
    "text-to-sql": Work("coding", MEDIUM, Risk.MEDIUM, SYNC),
    "sec-alert-triage": Work("classification", MEDIUM, Risk.HIGH, ASYNC, human_review=True),
    "contract-review": Work("analysis", COMPLEX, Risk.HIGH, ASYNC, human_review=True),
    "hr-policy-answers": Work("chat", SIMPLE, Risk.LOW, SYNC),
    "month-end-commentary": Work("drafting", MEDIUM, Risk.MEDIUM, ASYNC, human_review=True),
    "assistant": Work("chat", MEDIUM, Risk.LOW, SYNC),
    "photo-damage-triage": Work("damage reading", COMPLEX, Risk.MEDIUM, ASYNC),
    "reply-autopilot": Work("reply", SIMPLE, Risk.LOW, SYNC),
    "recovery-letters": Work("letter", MEDIUM, Risk.LOW, SYNC, human_review=True),
    "call-notes": Work("note", MEDIUM, Risk.LOW, SYNC, human_review=True),
    "submission-copilot": Work("submission reading", COMPLEX, Risk.MEDIUM, SYNC, human_review=True),
}


class Graded(NamedTuple):
    """A graded set: how many of its answers passed, by model."""

    task_type: str
    complexity: Band
    size: int
    passed: Mapping[str, int]
    shadow_days: int = 0
    ago: int = GRADED_AGO


SETS = (
    Graded("extraction", MEDIUM, 400, {"gpt-5.2": 391, "gpt-5-mini": 383, "gpt-5-nano": 341}, 9),
    Graded("drafting", SIMPLE, 300, {"claude-sonnet-5": 289, "claude-haiku-4-5": 285}, 14),
    Graded("classification", SIMPLE, 500, {"gpt-5-mini": 488, "gpt-5-nano": 474}, 7),
    Graded("classification", MEDIUM, 300, {"claude-sonnet-5": 296, "claude-haiku-4-5": 271}),
    Graded("coding", COMPLEX, 240, {"claude-opus-4-8": 231, "claude-sonnet-5": 209}),
    Graded("coding", MEDIUM, 240, {"claude-opus-4-8": 228, "claude-sonnet-5": 226}, 8),
    Graded("chat", SIMPLE, 300, {"gpt-5.2": 291, "gpt-5-mini": 288}),
    Graded("chat", MEDIUM, 150, {"gpt-5.2": 143, "claude-sonnet-5": 144, "gpt-5-mini": 131}),
    Graded("translation", SIMPLE, 250, {"gemini-2.5-pro": 246, "gemini-2.5-flash": 243}),
    Graded("damage reading", COMPLEX, 320, {"gpt-5.5": 309, "gpt-5.2": 274, "gpt-5-mini": 233}, 10),
    Graded("reply", SIMPLE, 300, {"claude-sonnet-5": 287, "claude-haiku-4-5": 283}, 7),
    Graded("letter", MEDIUM, 300, {"gpt-5.2": 289, "gpt-5-mini": 258}, ago=GRADED_EARLY_AGO),
    Graded(
        "note",
        MEDIUM,
        300,
        {"claude-sonnet-5": 291, "claude-haiku-4-5": 261},
        ago=GRADED_EARLY_AGO,
    ),
    Graded("submission reading", COMPLEX, 120, {"claude-opus-4-8": 116, "claude-sonnet-5": 112}),
)


def scenes(history: History, cast: Cast) -> Iterator[Scene]:
    yield Scene(history.ago(REQUIRED_AGO, "15:10"), partial(require_of_risks, cast))
    yield Scene(history.ago(LABELLED_AGO, "09:50"), partial(_label, cast))
    for place, graded in enumerate(SETS):
        at = history.ago(graded.ago, "11:00") + timedelta(minutes=7 * place)
        yield Scene(at, partial(grade, cast, graded))


def require_of_risks(cast: Cast, at: datetime) -> None:
    for risk, (share, floor) in REQUIRED.items():
        required = Required(risk=risk, required=share, floor_tier=floor)
        require_quality(required=required, reason=WHY_REQUIRED, by=cast.users["cfo"], at=at)


def _label(cast: Cast, at: datetime) -> None:
    for workflow, work in LABELS.items():
        label = Label(workflow=workflow, **work._asdict())
        label_workflow(label=label, reason=WHY_LABELLED, by=cast.users["engineer"], at=at)


def grade(cast: Cast, graded: Graded, at: datetime) -> None:
    drafts = [
        EvaluationDraft(
            provider=MODELS[model].provider,
            model=model,
            task_type=graded.task_type,
            complexity=graded.complexity,
            set_name=f"{graded.task_type} {at:%B}",
            graded=graded.size,
            passed=passed,
            grader="Two people of the unit",
            source=Evaluation.Source.SHADOW if graded.shadow_days else Evaluation.Source.SET,
            shadow_days=graded.shadow_days,
            evaluated_on=at.date(),
        )
        for model, passed in graded.passed.items()
    ]
    record_evaluations(drafts=drafts, by=cast.users["engineer"], at=at)
