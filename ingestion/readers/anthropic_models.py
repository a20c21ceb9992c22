"""The names under which Anthropic's Console shows models, and the ids its API knows them by."""

import re

# "Claude Haiku 4.5", "Claude 3.5 Sonnet 2024-10-22": family and generation in either order.
SHOWN = re.compile(
    r"Claude (?:(?P<family>[A-Z][a-z]+) (?P<generation>\d+(?:\.\d+)?)"
    r"|(?P<older>\d+(?:\.\d+)?) (?P<of>[A-Z][a-z]+))"
    r"(?: (?P<date>\d{4}-\d\d-\d\d))?"
)
# From the fourth generation on, ids name the family first.
FAMILY_FIRST = 4
# Older still, with dots in their ids.
ODD = {
    "Claude 2": "claude-2.0",
    "Claude 2.0": "claude-2.0",
    "Claude 2.1": "claude-2.1",
    "Claude Instant 1.2": "claude-instant-1.2",
}


def model_id(shown: str) -> str:
    """Return the id of a model that is shown by name; a name of no known form stays."""
    shown = shown.strip()
    if shown in ODD:
        return ODD[shown]
    match = SHOWN.fullmatch(shown)
    if match is None:
        return shown
    family = (match["family"] or match["of"]).lower()
    generation = match["generation"] or match["older"]
    number = generation.replace(".", "-")
    newer = int(generation.partition(".")[0]) >= FAMILY_FIRST
    name = f"claude-{family}-{number}" if newer else f"claude-{number}-{family}"
    return f"{name}-{match['date'].replace('-', '')}" if match["date"] else name
