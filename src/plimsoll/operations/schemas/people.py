"""JSON shapes of one person's data."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from plimsoll.access.domain.passwords import MAX_LENGTH
from plimsoll.operations.service.people import Erasure
from plimsoll.plumbing.shapes import Body, Text, View


class Leaving(Body):
    """Why somebody goes; the present password once more, and a `code` of the second factor where
    there is one that was not shown within ten minutes.
    """

    password: Annotated[
        str, Field(max_length=MAX_LENGTH, examples=["seven grey herons at dusk"], repr=False)
    ]
    code: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=64,
            examples=["123456"],
            repr=False,
            description="Six digits of the authenticator app, or a recovery code",
        ),
    ] = None
    reason: Annotated[Text, Field(min_length=1, max_length=500, description="For the audit log")]


class ErasureView(View):
    """What is gone, in rows by table, and what stays."""

    user_id: UUID
    removed: dict[str, int]
    kept: list[str]

    @classmethod
    def of(cls, erasure: Erasure) -> Self:
        return cls(user_id=erasure.user_id, removed=dict(erasure.removed), kept=list(erasure.kept))
