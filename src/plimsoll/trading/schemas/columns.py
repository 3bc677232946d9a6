"""Views as columns of a table: amounts as exact text, empty where there is none."""

from collections.abc import Iterable, Sequence

import numpy as np

from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Numbers


def texts(views: Sequence[View], *names: str) -> dict[str, Sequence[str]]:
    """Fields by their names."""
    return {
        name: [str(each) if each is not None else "" for each in _values(views, name)]
        for name in names
    }


def whole(values: Iterable[int]) -> Numbers:
    """Counts, moments in milliseconds, and flags as 0 and 1."""
    return np.array(list(values), np.int64)


def _values(views: Sequence[View], name: str) -> list[object]:
    return [getattr(view, name) for view in views]
