"""What the codes of doubts mean, in words: rows that were taken although they are odd."""

from finops.tokens import NEGATIVE_CLASS, TOTAL_MISMATCH

# In the past tense, which one row and many share, but for what they are called again.
SENTENCES = {
    NEGATIVE_CLASS: "{rows} cached more tokens than {they} read, or counted less than nothing:"
    " what would be below zero was taken as none.",
    TOTAL_MISMATCH: "{rows} told kinds of tokens that do not add up to the total {they} told.",
    "DQ_UNKNOWN_METER": "{rows} named nothing that is known to be counted: their money was taken,"
    " without tokens.",
    "DQ_UNKNOWN_UNIT": "{rows} counted in a unit that is not known: their money was taken, without"
    " tokens.",
    "DQ_PARTIAL_COUNT": "{rows} counted a part of a token: it was rounded.",
    "DQ_UNREADABLE_TAGS": "{rows} had tags that could not be read or were too long: the tags were"
    " left out.",
    "DQ_UNKNOWN_MODEL": "{rows} named a profile and not its model: the profile stands for it.",
    "DQ_MIXED_MODELS": "{rows} summed several models: they were rated as the one {they} named.",
    "DQ_NO_TOKENS": "{rows} did not tell how many tokens {they} used.",
    "DQ_NORMALISED_TOKENS": "{rows} told tokens by one tokenizer for all models alone, which nobody"
    " bills by: these were taken.",
    "DQ_INPUT_CONVENTION": "{rows} did not tell whether the input includes what was cached: the"
    " provider's own way was taken.",
    "DQ_ROUNDED_TO_ZERO": "{rows} stated a cost of 0.00, which is anything under half a cent.",
    "DQ_GROUPS_CUT": "{rows} ended a stretch of time with as many groups as a report can have:"
    " others may be missing.",
    "DQ_PARTIAL_HOUR": "The hours at either end were told in part and left out: they come with the"
    " next file.",
}


def sentence_of(code: str, rows: int) -> str:
    """Say what is odd about so many rows; a code without words is named."""
    counted, they = ("1 row", "it") if rows == 1 else (f"{rows:,} rows", "they")
    sentence = SENTENCES.get(code, "{rows} raised the doubt {code}.")
    return sentence.format(rows=counted, they=they, code=code)
