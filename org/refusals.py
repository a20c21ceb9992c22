"""Refusals: what the product says no with, in words for the person who asked.

A page shows them, the API answers them as problem+json; see `org.problems`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self


class FieldError(NamedTuple):
    """A sentence about one field; `pointer` is a JSON pointer such as `/cap_usd`."""

    pointer: str
    detail: str


class Refusal(Exception):
    """The request is understood and refused."""

    status = 409
    title = "Refused"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})


class NotAllowed(Refusal):
    """The person may see the thing but not do this to it."""

    status = 403
    title = "Not allowed"


class NotThere(Refusal):
    """The thing does not exist, or not for this person."""

    status = 404
    title = "Not found"


class Invalid(Refusal):
    """The input does not hold; `errors` name the fields."""

    status = 422
    title = "Invalid input"

    @classmethod
    def of(cls, field: str, detail: str) -> Self:
        """Return the refusal of one field, with the same sentence for reader and machine."""
        return cls(detail, errors=[FieldError(f"/{field}", detail)])


class Stale(Refusal):
    """Somebody else changed the thing after it was read."""

    status = 409
    title = "Changed meanwhile"
