"""What the values of settings may be: how text of the environment becomes one, or is refused."""

import re
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9]\d{0,4})?", re.ASCII)

OWN_PATHS: Final = frozenset({"api", "assets", "docs", "health", "metrics"})


def split(value: object) -> object:
    """Text of the environment as its parts; a tuple as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address is http:// or https://, a host and perhaps a path")
    return value.rstrip("/")


def _web_addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_web_address(value) for value in values)


def _root_path(value: str) -> str:
    if not re.fullmatch(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", value):
        raise ValueError("a root path is /desk or /tools/desk, without a slash at the end")
    if value.split("/")[1] in OWN_PATHS:
        raise ValueError(f"{value!r} begins like an address of the service itself")
    return value


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(f"{value!r} is no address and no network such as 10.0.0.0/8") from None
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not ORIGIN.fullmatch(value):
            raise ValueError(f"{value!r} is no origin: https://, a host in lower case, no path")
    return values


def _database_address(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres"}:
        raise ValueError("a database address is postgresql://user:password@host:port/name")
    return value


def _mail_server(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    try:
        fits = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("a mail server is smtp[s]://user:password@host:port")
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,190}", value):
        raise ValueError("a sender is an e-mail address, as desk@example.org")
    return value


def _places(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9._-]*[A-Za-z_-][A-Za-z0-9._-]*", value):
                text = f"{value!r} is neither a network, an address nor the name of a host"
                raise ValueError(text) from None
    return values


def _schemes(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"[a-z0-9]{1,40}", value) or value in {"http", "https"}:
            raise ValueError(f"{value!r} is no scheme of Apprise, as slack is")
    return values


def _redis_address(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    parts = urlsplit(text)
    well_formed = parts.hostname if parts.scheme in {"redis", "rediss"} else parts.path
    if parts.scheme not in {"redis", "rediss", "unix"} or not well_formed:
        raise ValueError("an address of Redis is redis://, rediss:// or unix:// and where it is")
    if find_spec("redis") is None:
        raise ValueError("it needs the extra redis: pip install 'plimsoll[redis]'")
    return value


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
"""Several values, in the environment with commas between."""

WebAddress = Annotated[str, AfterValidator(_web_address)]
"""Where another service answers, without the slash at the end."""

WebAddresses = Annotated[Names, AfterValidator(_web_addresses)]

RootPath = Annotated[str, AfterValidator(_root_path)]
"""In front of every path, without the slash at the end."""

Networks = Annotated[Names, AfterValidator(_networks)]
Origins = Annotated[Names, AfterValidator(_origins)]

Places = Annotated[Names, AfterValidator(_places)]
"""Networks, addresses and names of hosts."""

Schemes = Annotated[Names, AfterValidator(_schemes)]
MailServer = Annotated[SecretStr, AfterValidator(_mail_server)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]

DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
RedisAddress = Annotated[SecretStr, AfterValidator(_redis_address)]
