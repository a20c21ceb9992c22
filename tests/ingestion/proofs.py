"""Every proof of the spend ledger at once."""

from ingestion.queries import proof

PROOFS = (
    proof.rollups_equal_detail,
    proof.unit_days_equal_slice_days,
    proof.units_and_unallocated_equal_total,
    proof.assignments_cover_all_days,
    proof.deliveries_equal_events,
    proof.reports_are_booked,
    proof.undone_counts_nothing,
    proof.one_source_meters,
)


def faults() -> list[str]:
    """Return what the ledger cannot prove; nothing where it is sound."""
    return [fault for prove in PROOFS if (fault := prove())]
