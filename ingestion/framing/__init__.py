"""From any delivered file to a plain one that can be cut at the ends of its records."""

from ingestion.framing.prepared import Prepared, prepare
from ingestion.framing.records import MAX_RECORD_BYTES, Range, Refused, plan, read
from ingestion.framing.unpack import Limits

__all__ = ["MAX_RECORD_BYTES", "Limits", "Prepared", "Range", "Refused", "plan", "prepare", "read"]
