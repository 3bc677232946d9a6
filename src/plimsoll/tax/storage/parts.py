"""What a report's lists are stored as. Apart from the SQL, for processes that only make them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one list of a report, compressed."""

    section: str
    number: int
    rows: int
    content: bytes
