"""Every error as application/problem+json (RFC 9457): kind → status, code, facts and where in
the input.

An answer never carries a stack, SQL or what was sent: of a wrong field it names the place and
the rule.
"""

import math
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY

from plimsoll.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PlimsollError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}

STATUS: Final[dict[type[PlimsollError], int]] = {
    Invalid: 422,
    TooLarge: 413,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}

CODES: Final = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "invalid",
}


class ProblemFault(BaseModel):
    """One place of the request that is wrong."""

    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; `detail` is for people; further members are
    facts.
    """

    model_config = {"extra": "allow"}

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    errors: list[ProblemFault] | None = None


def status_of(error: PlimsollError) -> int:
    """The HTTP status of the error's kind."""
    for ancestor in type(error).__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    return 500


def describe(
    status: int,
    code: str,
    title: str,
    *,
    request_id: str,
    detail: str = "",
    facts: dict[str, Any] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> bytes:
    """The JSON text of one problem."""
    problem: dict[str, Any] = {
        "type": f"urn:plimsoll:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "request_id": request_id,
    }
    if detail:
        problem["detail"] = detail
    if errors:
        problem["errors"] = errors
    for name, value in (facts or {}).items():
        problem.setdefault(name, value)
    return msgspec.json.encode(problem)


def problems(*errors: type[PlimsollError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: what it may refuse, so that clients are typed."""
    declared: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        status = next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)
        entry = declared.setdefault(status, {"model": Problem, "description": ""})
        entry["description"] = " · ".join(
            part for part in (entry["description"], f"`{error.code}`: {error.title}") if part
        )
    return declared


def answer(request: Request, body: bytes, *, status: int, code: str) -> Response:
    """A problem as a response; the edge counts it by route and code."""
    request.scope["plimsoll.problem"] = code
    return Response(body, status_code=status, media_type=MEDIA_TYPE)


def request_id_of(scope: Any) -> str:
    return str(scope.get("plimsoll.request_id", ""))


def route_template(scope: Any) -> str:
    """The template of the matched route (`/api/v1/holdings/{holding_id}`), never the path
    itself.
    """
    if (template := scope.get("plimsoll.route")) is not None:
        return str(template)
    matched = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(matched, "path_format", None) or getattr(matched, "path", "unmatched"))


def respond(request: Request, error: PlimsollError) -> Response:
    """The problem that `error` is, with the headers its kind asks for."""
    status = status_of(error)
    body = describe(
        status,
        error.code,
        error.title,
        request_id=request_id_of(request.scope),
        detail=error.detail,
        facts=error.facts,
        errors=[
            {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
            for fault in error.faults
        ],
    )
    response = answer(request, body, status=status, code=error.code)
    if error.retry_after_s is not None:
        response.headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, Unauthenticated):
        response.headers["www-authenticate"] = 'Bearer realm="plimsoll"'
    return response


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlimsollError)
    return respond(request, error)


def _pointer(location: tuple[int | str, ...]) -> str:
    """`#/field/0` within the body, `query:limit` or `path:id` outside of it."""
    where, *rest = location or ("body",)
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in rest]
    if where == "body":
        return "#/" + "/".join(parts) if parts else "#"
    return f"{where}:{'/'.join(parts)}"


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    broken = any(fault["type"] == "json_invalid" for fault in faults)
    body = describe(
        422,
        "invalid-json" if broken else "invalid",
        "The body is not JSON" if broken else "The request is not valid",
        request_id=request_id_of(request.scope),
        detail=f"{len(faults)} {'place is' if len(faults) == 1 else 'places are'} wrong",
        errors=[
            {
                "pointer": _pointer(fault["loc"]) if not broken else "#",
                "code": str(fault["type"]).replace("_", "-"),
                "message": str(fault["msg"]),
            }
            for fault in faults[:100]
        ],
    )
    return answer(request, body, status=422, code="invalid-json" if broken else "invalid")


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code = CODES.get(status, "http-error")
    title = HTTPStatus(status).phrase
    facts = {"limit": request.scope[MAX_BODY_SIZE_SCOPE_KEY]} if status == 413 else None  # noqa: PLR2004
    body = describe(status, code, title, request_id=request_id_of(request.scope), facts=facts)
    response = answer(request, body, status=status, code=code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def install(app: FastAPI) -> None:
    """Answer every failure of `app` as a problem; what is left over the edge answers as 500."""
    app.add_exception_handler(PlimsollError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    describe_api = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _name_media_type(describe_api())
        return describe_api()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _name_media_type(document: dict[str, Any]) -> None:
    """FastAPI declares every model as application/json; a problem has a media type of its own."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if content.get("application/json", {}).get("schema") == PROBLEM_SCHEMA:
                    content[MEDIA_TYPE] = content.pop("application/json")
