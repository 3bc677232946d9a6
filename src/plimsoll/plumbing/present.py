"""What time it is, for handlers: the application's clock, which tests may replace."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request


async def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock.now()
    return now


Now = Annotated[datetime, Depends(_now)]
"""The present moment, UTC."""
