"""The framework's table of routes, made once for all the applications of a worker.

FastAPI works out every route anew for each application: 224 routes, a quarter of a second of
processor time and more than that for the collector, and what comes out is the same whenever the
routers are included with the same words. Every second test makes an application. What a test
starts as a process of its own has nothing of this.
"""

from dataclasses import replace

from fastapi.routing import _EffectiveRouteContext, _IncludedRouter
from starlette.routing import BaseRoute

_Made = list[tuple[object, _EffectiveRouteContext | None]]
_made: dict[int, tuple[BaseRoute, _Made]] = {}
"""By the identity of a route, which is kept so that no other one can have it."""


def share_route_table() -> None:
    """From here on. Nobody here overrides dependencies: that alone would differ between them."""
    work_out = _IncludedRouter._build_effective_context

    def look_up(included: _IncludedRouter, route: BaseRoute) -> _EffectiveRouteContext | None:
        words = replace(included.include_context, dependency_overrides_provider=None)
        _, made = _made.setdefault(id(route), (route, []))
        for known, context in made:
            if known == words:
                return context
        alone = _IncludedRouter(original_router=included.original_router, include_context=words)
        context = work_out(alone, route)
        made.append((words, context))
        return context

    _IncludedRouter._build_effective_context = look_up  # type: ignore[assignment, method-assign]
