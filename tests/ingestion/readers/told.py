"""What a line of a report says, without what it leaves to its defaults."""

from ingestion.readers.reports import ReportBatch

# What every line has, and no test needs to repeat.
UNSAID = {"charge_category": "usage", "currency": "USD", "status": "ok", "service_tier": "standard"}


def told(batch: ReportBatch, row: int) -> dict[str, object]:
    """Return a line's values, but for those that are none, zero or the default.

    The start of its usage is left out where it is its bucket's.
    """
    values = {str(name): value for name, value in batch.frame.iloc[row].to_dict().items()}
    if values["started_at"] == values["bucket_starts_at"]:
        del values["started_at"]
    return {
        name: value
        for name, value in values.items()
        if value not in ("", 0) and UNSAID.get(name) != value
    }
