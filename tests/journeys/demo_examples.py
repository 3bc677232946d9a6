"""A request that would work for every operation of a demo."""

from typing import Final

from tests.journeys.examples import Example

EXAMPLES: Final = {"wipe_demo": Example("POST", "/demo/wipe", body={"again": True})}
