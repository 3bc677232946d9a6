"""Everything that can be set, typed and frozen; read once by an entry point and passed down.

Each setting is an environment variable `PLIMSOLL_<NAME>`; one that takes several values takes them
with commas between (`PLIMSOLL_ALLOWED_HOSTS=localhost,desk.example.org`). A value that does not fit
stops the start with the name of the variable, the value and what is allowed; nothing falls back
silently. A variable that is no setting is told of, with the one that may be meant.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from plimsoll.setting_values import (
    DatabaseAddress,
    MailAddress,
    MailServer,
    Names,
    Networks,
    Origins,
    Places,
    Positive,
    RedisAddress,
    RootPath,
    Schemes,
    WebAddress,
    WebAddresses,
    split,
)


class FeedChoice(StrEnum):
    """Where prices come from. `auto`: what the data directory already has, else live, else
    simulated.
    """

    AUTO = "auto"
    LIVE = "live"
    REPLAY = "replay"
    SIMULATED = "simulated"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Sensitive(StrEnum):
    """Actions of operators that may need a second one."""

    TRADING_STATE = "trading-state"
    TRADING_LIMITS = "trading-limits"
    FORCE_REDUCE = "force-reduce"
    TIER = "tier"
    INSURANCE = "insurance"
    INSTRUMENT = "instrument"
    PRICE = "price"
    ACCOUNT = "account"


Role = Literal["user", "operator", "regulator"]
"""Of people; what a role may do is said in `access`."""


class BadSettings(SystemExit):
    """A setting that does not fit; exits with the sentence that names it."""


def _every_action(value: object) -> object:
    return tuple(Sensitive) if value == ("all",) else value


class Settings(BaseSettings):
    """One value per knob, with its unit in the name."""

    model_config = SettingsConfigDict(
        env_prefix="PLIMSOLL_", frozen=True, extra="forbid", validate_default=True
    )

    # where
    data_dir: Path = Field(default_factory=lambda: user_data_path("plimsoll", appauthor=False))
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    allowed_hosts: Names = ("localhost", "127.0.0.1", "[::1]")
    """Values of the Host header that are answered; guards against DNS rebinding."""
    trusted_proxies: Networks = ()
    """Addresses and networks whose X-Forwarded-For and -Proto are believed. Empty: none is."""
    root_path: RootPath | None = None
    """Where a proxy has the service below a path of its own, as `/desk`; it may strip it or not."""
    cors_origins: Origins = ()
    """Pages of these origins may call the service, without cookies. Empty: none may."""
    secure_cookies: bool = False
    """Set behind TLS: cookies become `__Host-` and Secure."""

    # database
    database_url: DatabaseAddress | None = None
    """An existing PostgreSQL 15 or newer; without it the embedded server is started."""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    statement_timeout_ms: int = Field(default=5_000, ge=100, le=600_000)

    # prices
    feed: FeedChoice = FeedChoice.AUTO
    replay_dir: Path | None = None
    replay_speed: Annotated[float, Field(gt=0)] = 1.0
    """Recorded seconds per real second; `inf`: as fast as possible."""
    simulation_seed: int = 1
    price_stale_after_s: Positive = 180.0
    coingecko_url: WebAddress = "https://api.coingecko.com/api/v3"
    coingecko_pro_url: WebAddress = "https://pro-api.coingecko.com/api/v3"
    coingecko_demo_key: SecretStr | None = None
    coingecko_pro_key: SecretStr | None = None
    coingecko_requests_per_minute: int | None = Field(default=None, ge=1, le=10_000)
    """Unset: 5 keyless, 30 with a demo key, 250 with a pro key."""
    coingecko_currencies: Names = ("usd", "eur", "gbp", "chf", "jpy", "btc", "eth")
    """What every coin is priced in; a currency that somebody asks for joins them."""
    coingecko_top: int = Field(default=60, ge=1, le=1000)
    """How many coins of the catalogue are priced before anybody asks."""
    poll_interval_s: Positive = 60.0

    # live sources
    live_sources: Names = ("binance", "coinbase", "kraken", "coingecko")
    """Who is asked for live prices; of those that have a pair, the first that is well is taken."""
    pair_sources: Names = ()
    """Another order for single pairs: `btc/usd=kraken>coinbase`."""
    source_disagreement_percent: Positive = 2.0
    """Two sources of one pair that lie further apart raise a data-quality flag."""
    binance_urls: WebAddresses = ("https://data-api.binance.vision", "https://api.binance.com")
    """Tried in this order where one does not serve the place."""
    binance_stream_urls: Names = (
        "wss://data-stream.binance.vision",
        "wss://stream.binance.com:9443",
    )
    binance_trade_pairs: Names = ("btc/usdt", "eth/usdt")
    """Followed trade by trade, for candles of a second; the others by candles of a minute."""
    coinbase_url: WebAddress = "https://api.exchange.coinbase.com"
    coinbase_stream_url: str = "wss://ws-feed.exchange.coinbase.com"
    kraken_url: WebAddress = "https://api.kraken.com"
    kraken_stream_url: str = "wss://ws.kraken.com/v2"
    ccxt_venues: Names = ()
    """More venues by their name in ccxt; needs the extra `ccxt`."""
    venue_assets_dir: Path | None = None
    """Reviewed mappings of more venues, `assets_<venue>.csv` with the columns code,asset."""
    record_dir: Path | None = None
    """Where to write what the sources say, to be replayed later."""

    # candles
    archive_dir: Path | None = None
    """Where sealed months of candles are kept; unset: `archive` in the data directory."""
    candles_minute_days: int = Field(default=120, ge=35, le=36_500)
    """Candles of a minute stay in PostgreSQL for so long; sealed months stay for ever."""
    candles_middle_months: int = Field(default=24, ge=2, le=1_200)
    """Candles of 5 minutes to 4 hours stay in PostgreSQL for so long."""
    candle_jump_factor: float = Field(default=10.0, gt=1, allow_inf_nan=False)
    """A candle that lies so many times above or below the last known close is refused."""

    # paper exchange
    leverage_beginner: int = Field(default=5, ge=1, le=150)
    leverage_intermediate: int = Field(default=10, ge=1, le=150)
    leverage_advanced: int = Field(default=20, ge=1, le=150)
    """The most that a person of each tier may choose."""
    exposure_limit_account: int = Field(default=0, ge=0, le=10**12)
    """The most notional that one account of a new exchange may have, in usdt; 0: no limit."""
    exposure_limit_venue: int = Field(default=0, ge=0, le=10**12)
    """The same of all accounts together."""
    exposure_threshold: int = Field(default=10_000_000, ge=1, le=10**12)
    """In usdt: what compliance measures exposure against while the exchange has no limit of it."""
    compliance_every_s: Positive = 30.0
    """Between two looks of the compliance rules."""
    orders_per_second: int = Field(default=50, ge=0, le=100_000)
    """Of one account, in a new exchange; 0: no limit."""
    house_half_spread_ppm: int = Field(default=100, ge=1, le=100_000)
    """How far the house maker's best prices lie from the index, in millionths."""
    house_levels: int = Field(default=20, ge=0, le=100)
    """Prices on each side; 0: the house does not quote."""
    house_depth: int = Field(default=50_000, ge=100, le=10**9)
    """What its best price is good for, in usdt; further ones are good for more."""
    house_skew_ppm: int = Field(default=300, ge=0, le=100_000)
    """How far its prices lean against a full inventory."""
    paper_deposit_limit: int = Field(default=10_000_000, ge=1, le=10**10)
    """In usdt: a deposit leaves no more of an asset in an account than is worth this."""
    engine_snapshot_every: int = Field(default=25_000, ge=100, le=10_000_000)
    """Commands between two snapshots; a start replays what came after the last one."""

    # access
    access_token_minutes: Positive = 15.0
    refresh_token_days: Positive = 30.0
    registration_open: bool = True
    argon2_memory_kib: int = Field(default=19_456, ge=19_456, le=1_048_576)
    argon2_iterations: int = Field(default=2, ge=2, le=20)
    login_attempts_per_minute: int = Field(default=10, ge=1, le=10_000)
    """Per address."""

    second_factor_roles: Annotated[tuple[Role, ...], NoDecode, BeforeValidator(split)] = ()
    """Who may do nothing without a second factor but set one up."""
    signature_window_s: int = Field(default=5, ge=1, le=60)
    """How far from ours the clock of whoever signs a request may be, before and after."""
    second_operator: Annotated[
        tuple[Sensitive, ...], NoDecode, BeforeValidator(_every_action), BeforeValidator(split)
    ] = ()
    """Actions that another operator has to approve first; `all`: every one that there is."""
    approval_minutes: int = Field(default=60, ge=1, le=10_080)
    """Then what was not approved, or not done, has to be asked for anew."""

    audit_heads_dir: Path | None = None
    """Where signed heads of the audit log are noted; unset: `audit-heads` in the data directory."""

    # limits
    api_key_requests_per_minute: int = Field(default=100, ge=1, le=10_000_000)
    """Of a beginner; the intermediate tier has 3 times, the advanced tier 10 times as much."""
    user_requests_per_minute: int = Field(default=3_000, ge=1, le=10_000_000)
    address_requests_per_minute: int = Field(default=1_200, ge=1, le=10_000_000)
    """Of callers who have not signed in."""
    api_key_orders_per_minute: int = Field(default=300, ge=1, le=10_000_000)
    """On the routes for orders, which are counted apart; by tiers as above."""
    user_orders_per_minute: int = Field(default=3_000, ge=1, le=10_000_000)
    redis_url: RedisAddress | None = None
    """Where several processes count together; without it each counts for itself."""
    requests_at_once: int = Field(default=500, ge=10, le=100_000)
    """That wait for an answer, in one process; what comes on top is told to come back."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, le=1_000_000_000)
    import_max_bytes: int = Field(default=268_435_456, ge=1_000, le=4_000_000_000)
    """Of a file of transactions, the one body that may be larger."""
    import_keep_days: int = Field(default=30, ge=1, le=3_650)
    """Then an import that nobody decided about is discarded."""
    live_connections: int = Field(default=5_000, ge=1, le=1_000_000)
    """WebSockets and event streams at once, of all callers together."""
    live_connections_per_caller: int = Field(default=100, ge=1, le=1_000_000)
    """The same of one user, or of one address where nobody has signed in."""

    # telling people
    smtp_url: MailServer | None = None
    """Who takes our e-mail: `smtps` is TLS from the start, `smtp` asks for STARTTLS."""
    mail_from: MailAddress | None = None
    """The sender of our e-mail; without it, or without a server, none is sent."""
    webhook_allowed: Places = ()
    """What webhooks may call though it is not public: there also by plain HTTP, at any port."""
    apprise_schemes: Schemes = ("discord", "pbul", "pover", "slack", "tgram")
    """Services that may be told through Apprise; needs the extra `apprise`."""

    # background jobs
    jobs_at_once: int = Field(default=2, ge=0, le=64)
    """Of this process; 0 leaves them to others."""

    # alerts
    alerts_per_person: int = Field(default=1_000, ge=1, le=100_000)

    # backups and what is kept
    history_keep_days: int = Field(default=400, ge=30, le=36_500)
    """Alerts that were told, and networks that nobody signed in from since, are then forgotten."""
    backup_dir: Path | None = None
    """Where the service takes backups of itself; unset: it does not."""
    backup_every_hours: float = Field(default=24.0, gt=0, le=8_760)
    backup_keep: int = Field(default=7, ge=1, le=10_000)
    """Older ones in that folder are removed."""
    backup_before_migration: bool = True
    """What is to be migrated is backed up first, to `backups` in the data directory."""

    # telemetry
    disk_low_mb: int = Field(default=500, ge=0, le=10_000_000)
    """With less room where the data directory is, health names `disk`; 0: never."""
    log_level: LogLevel = LogLevel.INFO
    rollup_days: int = Field(default=400, ge=8, le=36_500)
    """Then what an hour came to is forgotten; minutes are kept for eight days."""
    otlp_url: WebAddress | None = None
    """Where a collector takes traces (OTLP over HTTP); without one there are none."""
    otlp_sample_ratio: float = Field(default=0.1, ge=0, le=1)
    """The share of requests that are traced."""

    @classmethod
    def read(cls, **given: Any) -> Self:
        """The settings of this process; `given` (command line options) win over the environment."""
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise BadSettings(_explain(error)) from None


def list_unknown(environment: Iterable[str]) -> dict[str, str | None]:
    """Variables that look like settings and are none, each with the setting that may be meant.

    They do not stop a start: an orchestrator gives a service's name to variables of its own.
    """
    known = [f"PLIMSOLL_{name.upper()}" for name in Settings.model_fields]
    return {
        name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None)
        for name in sorted(environment)
        if name.startswith("PLIMSOLL_") and name not in known
    }


SECRET: Final = frozenset(
    name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
)
"""Never shown, not even to say what is wrong with it."""


def _explain(error: ValidationError) -> str:
    lines = ["Plimsoll cannot start: a setting is wrong."]
    for fault in error.errors(include_url=False):
        name = "_".join(str(part) for part in fault["loc"][:1])
        value = "(hidden)" if name in SECRET else repr(fault["input"])
        allowed = fault["msg"].removeprefix("Value error, ")
        lines.append(f"  PLIMSOLL_{name.upper()} = {value}: {allowed}")
    return "\n".join(lines)
