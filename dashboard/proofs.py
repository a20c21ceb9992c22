"""Everything that must always hold across the floors, by the name people read."""

from budgets.gates.evidence import first_altered_evidence
from budgets.queries import proof as budget_proof
from budgets.queries.core_proof import core_is_what_was_moved
from budgets.queries.openings import first_counted_twice
from ingestion.queries import proof as spend_proof
from org import audit
from org.operations.proofs import Proof

PROOFS: tuple[tuple[str, Proof], ...] = (
    ("rollups = events + adjustments", spend_proof.rollups_equal_detail),
    ("unit days = slice days", spend_proof.unit_days_equal_slice_days),
    ("units + unallocated = total", spend_proof.units_and_unallocated_equal_total),
    ("every slice day belongs to one answer", spend_proof.assignments_cover_all_days),
    ("deliveries = events and report lines", spend_proof.deliveries_equal_events),
    ("reports = what is booked of them", spend_proof.reports_are_booked),
    ("undone deliveries = 0", spend_proof.undone_counts_nothing),
    ("counted = the source of record's", spend_proof.one_source_meters),
    ("journals = 0", budget_proof.journals_sum_to_zero),
    ("gate evidence = what its hash was taken of", first_altered_evidence),
    ("budgets = what was granted", budget_proof.budgets_are_what_was_granted),
    ("core = what graduations moved", core_is_what_was_moved),
    ("days before TokenOps = days without usage", first_counted_twice),
    ("audit chain intact", audit.first_broken_link),
)
