"""JSON shapes of what people prefer."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from plimsoll.access.domain.preferences import AfterQuiet, Preferences, QuietTimes, Theme
from plimsoll.plumbing.shapes import TEXT, Body, Moment, View

WallClock = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"]),
]
"""Hours and minutes of the clock on the wall."""


def _written_as_tags_are(text: str) -> str:
    """`EN-us` is `en-US`, `zh-hant` is `zh-Hant` (RFC 5646 §2.1.1)."""
    language, *rest = text.split("-")
    shaped = {4: str.title, 2: str.upper, 3: str.upper}
    return "-".join([language.lower(), *(shaped[len(part)](part) for part in rest)])


Locale = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$",
        examples=["de-AT", "zh-Hant"],
    ),
    AfterValidator(_written_as_tags_are),
]
"""A language tag: language, perhaps script, perhaps region."""


class QuietBody(Body):
    """From `start` until just before `end`, over midnight when `end` is the earlier. What comes in
    between is told at the end (`hold`) or never (`drop`).
    """

    start: WallClock
    end: WallClock
    rule: AfterQuiet = AfterQuiet.HOLD

    @model_validator(mode="after")
    def _differ(self) -> "QuietBody":
        if self.start == self.end:
            text = "quiet hours end at another time than they start"
            raise PydanticCustomError("quiet-hours-refused", text)
        return self

    def times(self) -> QuietTimes:
        return QuietTimes(time.fromisoformat(self.start), time.fromisoformat(self.end), self.rule)


class PreferencesBody(Body):
    """All of them; what is left out is as for somebody who never set any.

    `version` is the one they were read with: if it is not the last one any more, nothing changes.
    Without it they replace whatever there is.
    """

    currency: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", examples=["eur"])] = "usd"
    time_zone: Annotated[
        str, Field(min_length=1, max_length=60, pattern=TEXT, examples=["Europe/Vienna"])
    ] = "UTC"
    locale: Locale = "en"
    theme: Theme = Theme.SYSTEM
    privacy: bool = False
    quiet_hours: QuietBody | None = None
    version: Annotated[int | None, Field(ge=0, lt=2**63)] = None

    def wanted(self) -> Preferences:
        return Preferences(
            currency=self.currency,
            time_zone=self.time_zone,
            locale=self.locale,
            theme=self.theme,
            privacy=self.privacy,
            quiet=None if self.quiet_hours is None else self.quiet_hours.times(),
        )


class QuietView(View):
    start: str
    end: str
    rule: AfterQuiet


class PreferencesView(View):
    """`version` is 0 and `changed_at` null where none were ever set."""

    currency: str
    time_zone: str
    locale: str
    theme: Theme
    privacy: bool
    quiet_hours: QuietView | None
    version: int
    changed_at: Moment | None

    @classmethod
    def of(cls, preferences: Preferences) -> "PreferencesView":
        quiet = preferences.quiet
        return cls(
            currency=preferences.currency,
            time_zone=preferences.time_zone,
            locale=preferences.locale,
            theme=preferences.theme,
            privacy=preferences.privacy,
            quiet_hours=None
            if quiet is None
            else QuietView(
                start=quiet.start.isoformat("minutes"),
                end=quiet.end.isoformat("minutes"),
                rule=quiet.rule,
            ),
            version=preferences.version,
            changed_at=preferences.changed_at,
        )
