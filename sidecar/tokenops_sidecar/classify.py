"""What kind of call it is: its task, how hard, how risky, how urgent. Pure.

What the caller's metadata says holds. The rest is told by rules: the size, tools, code, a schema,
and words of the text's beginning. The words are English, German, French, Spanish, Italian and
Portuguese; of any other language, and of words that say two things, the rules are not sure, and
the router then goes one tier less far down. Rules see the surface of a prompt: they do not know
whether a short question is a hard one. `classify` is the one door: a learned classifier that
takes a Call and returns Labels fits behind it.
"""

from dataclasses import dataclass
from decimal import Decimal

from tokenops_sidecar.call import Call
from tokenops_sidecar.words import CODE, CONSTRAINT, EXPLICIT, LANGUAGES, LOOSE, REASONING, RISKY

SIMPLE, MEDIUM, COMPLEX = "simple", "medium", "complex"
LOW, HIGH = "low", "high"
SYNC = "sync"
OTHER = "other"
CODE_GENERATION = "code_generation"
# What a small learned classifier takes for a call of two hundred tokens. Rules take less; but the
# threshold is the same for both, so that one can replace the other and no call is routed anew.
CLASSIFY_USD = Decimal("0.00002")
# Telling what a call is pays if it costs less than what that saves. Most calls that are told stay
# where they are, and a small one saves next to nothing, so a third of its price is the limit.
_TIMES = 3
# Instructions stand at the beginning; each letter more holds up every call.
_READ = 500
_CHARACTERS_A_TOKEN = 4
_SIZES = (2_000, 8_000, 32_000)
_POINTS = {"open_qa": 1, "closed_qa": 1, "text_generation": 2, "brainstorming": 2, OTHER: 2}
_POINTS[CODE_GENERATION] = 2
_AT_THE_START = 40
_MANY = 3
_CERTAIN, _CLEAR, _LIKELY, _TORN, _GUESS = (Decimal(n) / 100 for n in (100, 80, 65, 50, 30))


@dataclass(frozen=True, slots=True)
class Labels:
    """What a call was taken for; `confidence` is between 0 and 1."""

    task_type: str = ""
    complexity: str = ""
    risk: str = ""
    latency: str = ""
    confidence: Decimal = Decimal(0)


def classify(call: Call) -> Labels:
    """Return what a call is taken for. It never raises, and tells the same call the same."""
    text = call.text_excerpt[:_READ].casefold()
    said, stated_type = call.labels, call.labels.get("task_type") or call.task_type
    task_type, confidence = (stated_type, _CLEAR) if stated_type else _told(call, text)
    complexity = said.get("complexity") or _complexity(call, text, task_type)
    if stated_type and said.get("complexity"):
        confidence = _CERTAIN
    return Labels(
        task_type=task_type,
        complexity=complexity,
        risk=said.get("risk") or _risk(call, text),
        latency=said.get("latency") or SYNC,
        confidence=confidence,
    )


def is_worth_it(call: Call, most_usd: Decimal | None) -> bool:
    """Test whether to classify at all: a call that costs less than finding out is left alone.

    Where the caller says everything there is nothing to find out. Of an unknown cost it is assumed
    that it is not small.
    """
    if {"complexity", "risk"} <= call.labels.keys() and (
        "task_type" in call.labels or call.task_type
    ):
        return True
    return most_usd is None or most_usd >= _TIMES * CLASSIFY_USD


def _told(call: Call, text: str) -> tuple[str, Decimal]:
    """Return the task by the rules; of a language they do not read they are not sure."""
    task_type, confidence = _task(call, text)
    is_foreign = bool(call.language) and call.language[:2].casefold() not in LANGUAGES
    return task_type, min(confidence, _GUESS) if is_foreign else confidence


def _task(call: Call, text: str) -> tuple[str, Decimal]:
    """Return the task that the words name, and how sure that is."""
    found = {name: match.start() for name, words in EXPLICIT if (match := words.search(text))}
    is_code = call.has_code or bool(CODE.search(text))
    if found:
        first = min(found, key=lambda name: found[name])
        if is_code and call.has_code and found[first] > _AT_THE_START:
            return CODE_GENERATION, _TORN
        return first, _CLEAR if len(found) == 1 else _TORN
    if is_code:
        return CODE_GENERATION, _CLEAR
    if call.has_schema:
        return "extraction", _LIKELY
    loose = [name for name, words in LOOSE if words.search(text)]
    return (loose[0], _LIKELY) if loose else (OTHER, _GUESS)


def _complexity(call: Call, text: str, task_type: str) -> str:
    """Count what makes a call hard: its size, tools, code, reasoning, constraints."""
    tokens = call.in_tokens or len(call.text_excerpt) // _CHARACTERS_A_TOKEN
    points = _POINTS.get(task_type, 0) + sum(tokens >= size for size in _SIZES)
    points += (call.tools > 0) + (call.tools > _MANY)
    points += call.has_code
    points += 2 * bool(REASONING.search(text))
    points += len(CONSTRAINT.findall(text)) >= _MANY
    if points <= 1:
        return SIMPLE
    return MEDIUM if points <= _MANY else COMPLEX


def _risk(call: Call, text: str) -> str:
    if RISKY.search(text):
        return HIGH
    return MEDIUM if call.tools else LOW
