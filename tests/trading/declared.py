"""Which refusals a route says it has: what typed clients are made of."""

import re

from fastapi import APIRouter
from fastapi.routing import APIRoute

ANYWHERE = {"invalid", "scope-missing"}
"""What every route may answer is told once for all of them."""


def declared(router: APIRouter, method: str, path: str) -> set[str]:
    """The codes of the route that `path` leads to."""
    (route,) = [
        each
        for each in router.routes
        if isinstance(each, APIRoute)
        and method in (each.methods or ())
        and each.path_regex.match(path)
    ]
    told = " ".join(str(each["description"]) for each in route.responses.values())
    return set(re.findall("`([a-z-]+)`", told)) | ANYWHERE
