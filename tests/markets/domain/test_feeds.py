import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.feeds import FeedKind, FeedMismatch, Interest, choose


@pytest.mark.parametrize("kind", FeedKind)
def test_the_stored_kind_is_kept_when_nothing_else_is_asked_for(kind: FeedKind) -> None:
    assert choose(asked=None, stored=kind) is kind
    assert choose(asked=kind, stored=kind) is kind
    assert choose(asked=kind, stored=None) is kind


def test_what_is_neither_asked_nor_stored_has_to_be_found_out() -> None:
    assert choose(asked=None, stored=None) is None


def test_another_kind_is_refused_with_the_way_out() -> None:
    with pytest.raises(FeedMismatch) as refused:
        choose(asked=FeedKind.LIVE, stored=FeedKind.SIMULATED)
    assert "--data-dir" in refused.value.detail
    assert refused.value.facts == {"stored": "simulated", "asked": "live"}


def test_only_a_new_wish_is_told() -> None:
    told, interest = list[str](), Interest()
    interest.add(AssetId("dash"))
    interest.on_new = lambda: told.append("new")
    interest.add(AssetId("dash"))
    interest.add(AssetId("nxt"))
    assert told == ["new"]
    assert interest.assets == {"dash", "nxt"}
