"""A step of an initiative as it is taken."""

from dataclasses import dataclass
from datetime import datetime

from budgets.terms import Change
from org.models import User
from org.refusals import FieldError, Invalid, NotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """By whom (nobody: by the clock), why, when, and what it makes different."""

    by: User | None
    reason: str
    at: datetime
    change: Change

    @property
    def person(self) -> User:
        if self.by is None:
            raise NotAllowed("This needs a person.")
        return self.by

    def need_reason(self, title: str, *, reader: str = "the person who asked") -> None:
        if not self.reason.strip():
            detail = f"Say why: {reader} will read it."
            raise Invalid(title, errors=[FieldError("/reason", detail)])
