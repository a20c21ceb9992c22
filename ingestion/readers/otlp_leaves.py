"""Which spans are calls of a model, so that what was paid once is counted once.

Agents and workflows may carry the sum of the calls beneath them, and two instrumentations
may each make a span of one call, the one around the other. Only the innermost counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ingestion.readers.otlp_names import (
    COUNTS,
    EMBEDDINGS,
    FAULT,
    GENERATIONS,
    OPERATIONS,
    TEXTS,
    first,
)
from ingestion.readers.otlp_spans import FlatSpan

Kind = Literal["generation", "embedding", "other", "unsaid"]
Places = Mapping[tuple[str, str], int]


def leaves(spans: Sequence[FlatSpan]) -> list[int]:
    """Return where the calls stand among the spans, each call once."""
    kinds = [kind_of(span) for span in spans]
    places = {(span["trace"], span["span"]): place for place, span in enumerate(spans)}
    calls = [place for place, kind in enumerate(kinds) if kind in {"generation", "embedding"}]
    left_out: set[int] = set()
    for place in calls:
        around = list(_calls_around(place, spans, kinds, places))
        if tells_usage(spans[place]):
            left_out.update(around)
        elif not has_failed(spans[place]) and any(tells_usage(spans[outer]) for outer in around):
            left_out.add(place)
    return [place for place in calls if place not in left_out]


def kind_of(span: FlatSpan) -> Kind:
    """Tell a span by the operation it names; 'unsaid' where it names none.

    A span that names none but a model and its tokens is a call all the same.
    """
    said = first(span["attributes"], OPERATIONS)
    if said is not None:
        operation = str(said).lower()
        if operation in GENERATIONS:
            return "generation"
        return "embedding" if operation in EMBEDDINGS else "other"
    has_model = first(span["attributes"], TEXTS["model"]) is not None
    return "generation" if has_model and tells_usage(span) else "unsaid"


def tells_usage(span: FlatSpan) -> bool:
    counts = (first(span["attributes"], COUNTS[name]) for name in ("input", "output"))
    return any(count is not None for count in counts)


def has_failed(span: FlatSpan) -> bool:
    return bool(span["failed"] or span["attributes"].get(FAULT))


def _calls_around(
    place: int, spans: Sequence[FlatSpan], kinds: Sequence[Kind], places: Places
) -> Iterator[int]:
    """Yield the spans of the same call further out, as far as they are among these.

    An agent or tool in between parts one call from another, and a search for a cached
    answer, which embeds, is not the call it serves.
    """
    seen = {place}
    outer = _parent(place, spans, places)
    while outer is not None and outer not in seen and kinds[outer] != "other":
        if kinds[outer] == kinds[place]:
            yield outer
        seen.add(outer)
        outer = _parent(outer, spans, places)


def _parent(place: int, spans: Sequence[FlatSpan], places: Places) -> int | None:
    span = spans[place]
    return places.get((span["trace"], span["parent"])) if span["parent"] else None
