import pytest

from plimsoll.kernel.errors import Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import (
    Asset,
    AssetKind,
    Catalogue,
    UnknownAsset,
    UnknownAssetField,
)
from plimsoll.markets.service.catalogue import load_catalogue


def asset(asset_id: str, symbol: str, name: str = "", *, primary: bool = True) -> Asset:
    return Asset(AssetId(asset_id), symbol, name or asset_id, AssetKind.CRYPTO, primary)


CATALOGUE = Catalogue(
    [
        asset("bitcoin", "btc", "Bitcoin"),
        asset("ripple", "xrp", "XRP"),
        asset("bitcoin-cash", "bch", "Bitcoin Cash"),
        asset("wrapped-bitcoin", "wbtc", "Wrapped Bitcoin"),
        asset("batcat", "btc", "batcat", primary=False),
    ]
)


@pytest.mark.parametrize("text", ["bitcoin", "BITCOIN", "btc", "BTC"])
def test_an_asset_is_found_by_id_or_by_the_symbol_that_was_reviewed(text: str) -> None:
    assert CATALOGUE.resolve(text).id == "bitcoin"


def test_an_asset_whose_symbol_is_taken_is_found_by_its_id_only() -> None:
    assert CATALOGUE.resolve("batcat").symbol == "btc"
    assert CATALOGUE.find_by_symbol("btc") == CATALOGUE.find_by_id("bitcoin")


def test_an_id_comes_before_a_symbol() -> None:
    catalogue = Catalogue([asset("dash", "drk"), asset("other", "dash")])
    assert catalogue.resolve("dash").id == "dash"


@pytest.mark.parametrize("text", ["", "bitcoi", "btc ", "x" * 101, "\x00", "ﬀ"])
def test_what_is_not_known_is_named_as_unknown(text: str) -> None:
    assert CATALOGUE.find(text) is None
    with pytest.raises(UnknownAsset) as missing:
        CATALOGUE.resolve(text)
    assert isinstance(missing.value, NotFound)


def test_an_unknown_asset_in_a_field_points_at_the_field() -> None:
    with pytest.raises(UnknownAssetField) as wrong:
        CATALOGUE.resolve_field("nocoin", pointer="#/coin_id")
    assert isinstance(wrong.value, Invalid)
    assert [fault.pointer for fault in wrong.value.faults] == ["#/coin_id"]


def test_two_assets_cannot_share_an_id_or_claim_one_symbol() -> None:
    with pytest.raises(ValueError, match="id bitcoin"):
        Catalogue([asset("bitcoin", "btc"), asset("bitcoin", "xbt")])
    with pytest.raises(ValueError, match="claim btc"):
        Catalogue([asset("bitcoin", "btc"), asset("batcat", "BTC")])


def test_a_search_puts_exact_matches_first_then_beginnings_then_the_rest() -> None:
    found = [entry.id for entry in CATALOGUE.search(" Btc", 10)]
    assert found == ["bitcoin", "batcat", "wrapped-bitcoin"]
    found = [entry.id for entry in CATALOGUE.search("bitcoin", 10)]
    assert found == ["bitcoin", "bitcoin-cash", "wrapped-bitcoin"]
    assert [entry.id for entry in CATALOGUE.search("", 2)] == ["bitcoin", "ripple"]
    assert CATALOGUE.search("nothing", 10) == []


def test_the_shipped_catalogue_is_unambiguous() -> None:
    catalogue = load_catalogue()
    crypto, fiat = catalogue.list_assets(AssetKind.CRYPTO), catalogue.list_assets(AssetKind.FIAT)

    assert len(crypto) >= 120
    assert len(fiat) >= 25
    assert len(crypto) + len(fiat) == len(catalogue)
    assert all(entry.id == entry.symbol for entry in fiat)
    for entry in crypto + fiat:
        assert catalogue.resolve(entry.id) is entry
        assert catalogue.resolve(entry.symbol) is entry, "an id of one is the symbol of another"
        assert entry.id == entry.id.lower().strip()
        assert entry.name
    assert catalogue.resolve("usd") is not catalogue.resolve("usdt")
