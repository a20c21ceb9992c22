"""The experiments of the story: what each one tries, and how it went."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from dashboard.demo.workflows import Shape, Workload


class Ending(Enum):
    """What became of an experiment."""

    DRAFT = "draft"
    WAITING = "waiting"
    RUNNING = "running"
    STOPPED = "stopped"
    EXPIRED = "expired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


# So many days ago somebody measured what had run: the gateway's files are cut there.
LOOKED_AT = (48, 10)
# Those that were approved, and so have money, a scope and calls.
FUNDED = (Ending.RUNNING, Ending.STOPPED, Ending.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An initiative of the story; days are counted back from today.

    `burn` is the share of the daily cap that a working day uses, `today` the share used
    today, `cap_days` how many full daily caps the whole cap holds.
    """

    workflow: str
    name: str
    unit: str
    hypothesis: str
    ending: Ending
    asked: int
    decided: int = 0
    ended: int = 0
    days: int = 45
    daily_cap_usd: Decimal
    cap_days: int = 30
    burn: float = 0.55
    today: float = 0.0
    model: str
    shape: Shape
    owner: str = ""  # a user name; else the unit's general manager
    unit_of_work: str = ""
    outcome_source: str = ""
    reason: str = ""
    question: str = ""
    tripped: int = 0  # how many days ago its daily cap was reached once before
    is_steady: bool = False  # whether one day is like another, and its calls name their tasks

    @property
    def workload(self) -> Workload:
        return Workload(
            name=self.workflow,
            unit=self.unit,
            share=0,
            shape=self.shape,
            models={self.model: 1},
            project="experiments",
            key=f"exp-{self.workflow}",
        )


_AGENT = Shape(context=46_000, out=1_800, reasoning=1_200, hit=0.6)
_READER = Shape(context=70_000, out=2_600, reasoning=1_500)
_SMALL = Shape(context=9_000, out=700, hit=0.5)

EXPERIMENTS = (
    Experiment(
        workflow="photo-damage-triage", name="Photo damage triage", unit="claims",
        hypothesis="Reading damage photos and estimates together settles four in ten motor "
        "claims without an assessor's visit, at under $0.90 a claim.",
        ending=Ending.RUNNING, asked=33, decided=30, days=75,
        daily_cap_usd=Decimal(36), cap_days=28,
        today=1.06, burn=0.62, tripped=16, model="gpt-5.5", shape=_AGENT,
        unit_of_work="claim settled without a visit", outcome_source="claims-core",
    ),
    Experiment(
        workflow="reply-autopilot", name="Reply autopilot", unit="support",
        hypothesis="Sending the drafted reply unread for the twelve simplest topics closes a "
        "third of tickets in a minute and keeps satisfaction above 4.4.",
        ending=Ending.RUNNING, asked=24, decided=21, days=60, daily_cap_usd=Decimal(28),
        today=0.88, burn=0.66, model="claude-sonnet-5", shape=_AGENT, owner="ben.adeyemi",
        unit_of_work="ticket closed", outcome_source="support-desk",
        question="Which topics may it answer without a person, and who reads the samples?",
    ),
    Experiment(
        workflow="submission-copilot", name="Submission copilot", unit="underwriting",
        hypothesis="A first read of broker submissions cuts the underwriter's time from 50 to "
        "20 minutes on three quarters of small commercial risks.",
        ending=Ending.RUNNING, asked=47, decided=44, days=80, daily_cap_usd=Decimal(45),
        cap_days=38, today=0.41, burn=0.5, model="claude-opus-4-8", shape=_READER,
        unit_of_work="submission read", outcome_source="uw-desk",
    ),
    Experiment(
        workflow="clause-search", name="Clause search", unit="legal",
        hypothesis="Searching 14,000 old contracts by meaning finds the precedent in two "
        "minutes instead of forty for eight of ten questions.",
        ending=Ending.RUNNING, asked=15, decided=12, days=60, daily_cap_usd=Decimal(12),
        today=0.04, burn=0.09, model="gemini-2.5-pro", shape=_SMALL,
        unit_of_work="question answered",
    ),
    Experiment(
        workflow="recovery-letters", name="Recovery letters", unit="fraud",
        hypothesis="Drafting the letter to the other party's insurer recovers claims a month "
        "earlier, at under a dollar a letter.",
        ending=Ending.RUNNING, asked=79, decided=76, days=90, daily_cap_usd=Decimal(22),
        cap_days=54, burn=0.6, is_steady=True, model="gpt-5.2", shape=_READER,
        owner="kofi.boateng", unit_of_work="letter sent", outcome_source="recovery-desk",
    ),
    Experiment(
        workflow="call-notes", name="Call notes", unit="support",
        hypothesis="A note of each call, written while it is still warm, saves four minutes of "
        "typing and is read by the next colleague.",
        ending=Ending.RUNNING, asked=75, decided=72, days=90, daily_cap_usd=Decimal(20),
        cap_days=54, burn=0.58, is_steady=True, model="claude-sonnet-5", shape=_READER,
        owner="priya.raman", unit_of_work="note kept", outcome_source="support-desk",
    ),
    Experiment(
        workflow="renewal-nudges", name="Renewal nudges", unit="support",
        hypothesis="A personal note four weeks before renewal lifts retention of home "
        "policies by two points at less than $0.05 a customer.",
        ending=Ending.WAITING, asked=1, daily_cap_usd=Decimal(15), model="gpt-5-mini",
        shape=_SMALL, unit_of_work="policy renewed", outcome_source="crm",
    ),
    Experiment(
        workflow="subrogation-finder", name="Subrogation finder", unit="claims",
        hypothesis="Reading closed files once more finds recoverable cases worth ten times "
        "the tokens, with fewer than one false lead in five.",
        ending=Ending.WAITING, asked=2, days=60, daily_cap_usd=Decimal(22), cap_days=25,
        model="claude-sonnet-5", shape=_READER, unit_of_work="recovery opened",
        outcome_source="claims-core",
    ),
    Experiment(
        workflow="wording-diff", name="Policy wording differ", unit="support",
        hypothesis="Explaining what changed between two policy wordings halves the calls "
        "after each renewal letter.",
        ending=Ending.DRAFT, asked=2, days=30, daily_cap_usd=Decimal(8),
        model="claude-haiku-4-5", shape=_SMALL,
    ),
    Experiment(
        workflow="voice-notice-of-loss", name="Voice notice of loss", unit="claims",
        hypothesis="Taking the first notice of loss by voice agent saves seven minutes a call "
        "and loses no fact that the handler needs.",
        ending=Ending.STOPPED, asked=84, decided=80, ended=52, days=60, burn=0.7, cap_days=25,
        daily_cap_usd=Decimal(30), model="gpt-5.2", shape=_AGENT,
        unit_of_work="notice taken",
        reason="One notice in nine missed the policy number: back to the drawing board.",
    ),
    Experiment(
        workflow="test-writer", name="Unit test writer", unit="engineering",
        hypothesis="Letting an agent write the missing tests of the rating engine lifts branch "
        "coverage from 61 to 85 percent within six weeks.",
        ending=Ending.EXPIRED, asked=101, decided=98, ended=56, days=42, burn=0.72,
        daily_cap_usd=Decimal(34), model="claude-sonnet-5", shape=_AGENT, owner="dev.patel",
        unit_of_work="test merged", outcome_source="ci",
    ),
    Experiment(
        workflow="fleet-telematics", name="Telematics narratives", unit="underwriting",
        hypothesis="A written story of each fleet's driving data helps underwriters price "
        "fleets in half the time.",
        ending=Ending.REJECTED, asked=60, decided=58, daily_cap_usd=Decimal(60),
        model="gpt-5.5", shape=_READER,
        reason="No baseline: measure today's pricing time for two weeks, then ask again.",
    ),
    Experiment(
        workflow="tender-answers", name="Tender answers", unit="sales",
        hypothesis="Drafting answers to broker tenders from the last three years' wins saves "
        "a day for each tender.",
        ending=Ending.WITHDRAWN, asked=40, decided=38, daily_cap_usd=Decimal(18),
        model="gpt-5.2", shape=_READER,
    ),
)  # fmt: skip
