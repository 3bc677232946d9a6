"""JSON shapes of a demo."""

from datetime import datetime

from pydantic import Field

from plimsoll.plumbing.shapes import Body, View


class DemoSessionView(View):
    """Signed in: the cookie is in the answer's headers."""

    email: str = Field(examples=["demo@plimsoll.example"])
    expires_at: datetime


class WipeBody(Body):
    again: bool = Field(default=False, description="Tell the story once more")
