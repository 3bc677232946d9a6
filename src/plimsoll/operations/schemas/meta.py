"""What a page has to know before anybody has signed in."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from plimsoll.plumbing.shapes import View


class Feature(StrEnum):
    """What depends on how this service is set up."""

    E_MAIL = "e-mail"
    BACKUPS = "backups"
    SECOND_OPERATOR = "second-operator"


class MetaView(View):
    """`demo`: everything in it is invented, and `POST /demo/session` signs in. `signed_in`: whether
    this request proved who sent it, so that a page need not ask and be refused.
    """

    version: str = Field(examples=["0.9.0"])
    api: str = Field(examples=["v1"])
    signed_in: bool
    demo: bool
    feed: str = Field(examples=["simulated"])
    simulated: bool
    registration_open: bool
    features: list[Feature]
    server_time: datetime
