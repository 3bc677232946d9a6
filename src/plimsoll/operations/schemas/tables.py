"""Lists of what those who oversee see as tables: a column for each field that every row has."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Columns, Numbers


def table_of(kind: type[View]) -> Callable[[Sequence[object], Sequence[View]], Columns]:
    """Every field as a column: whole numbers and flags as numbers, moments as RFC 3339, everything
    else as exact text, empty where there is none.
    """

    def build(_: Sequence[object], views: Sequence[View]) -> Columns:
        return {
            name: _column(field.annotation, [getattr(each, name) for each in views])
            for name, field in kind.model_fields.items()
        }

    return build


def _column(kind: object, values: Sequence[Any]) -> Numbers | Sequence[str]:
    if kind in {int, bool}:
        return np.array(values, np.int64)
    return [_text(each) for each in values]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format_amount(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return str(value)
