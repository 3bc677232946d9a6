"""HTTP for whoever comes first: what this service is."""

from functools import cache
from importlib.metadata import version as version_of

from fastapi import APIRouter, Request

from plimsoll.access.guards import Anyone, access_of
from plimsoll.markets.service.prices import PricesDep
from plimsoll.operations.schemas.meta import Feature, MetaView
from plimsoll.plumbing.limits import TooManyRequests
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.settings import Settings

router = APIRouter(prefix="/meta", tags=["operations"])


@router.get("", responses=problems(TooManyRequests))
async def read_meta(request: Request, caller: Anyone, prices: PricesDep, now: Now) -> MetaView:
    """The version, where prices come from, and what a page may offer before anybody signs in."""
    settings = access_of(request.scope).settings
    return MetaView(
        version=_version(),
        api="v1",
        signed_in=caller is not None,
        demo=getattr(request.app.state, "demo", None) is not None,
        feed=prices.feed_kind.value,
        simulated=prices.simulated,
        registration_open=settings.registration_open,
        features=_features(settings),
        server_time=now,
    )


@cache
def _version() -> str:
    return version_of("plimsoll")


def _features(settings: Settings) -> list[Feature]:
    there = {
        Feature.E_MAIL: settings.smtp_url is not None and settings.mail_from is not None,
        Feature.BACKUPS: settings.backup_dir is not None,
        Feature.SECOND_OPERATOR: bool(settings.second_operator),
    }
    return [each for each in Feature if there[each]]
