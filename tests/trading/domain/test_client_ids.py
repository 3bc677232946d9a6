import pytest

from plimsoll.trading.domain.client_ids import ClientIds


def of(*entries: tuple[int, str, int]) -> ClientIds:
    ids = ClientIds()
    for account, name, order in entries:
        ids[account, name] = order
    return ids


def test_a_hash_made_in_steps_is_the_hash_of_all() -> None:
    entries = [(account, f"c{number}", number) for number in range(50) for account in (1, 2)]
    ids, digests = ClientIds(), set[str]()
    for account, name, order in entries:
        ids[account, name] = order
        digests.add(ids.digest())
        assert ids.digest() in digests, "and asking again changes nothing"
    assert len(digests) == len(entries)
    assert ids.digest() == of(*entries).digest()


@pytest.mark.parametrize(
    "other",
    [[], [(1, "a", 6)], [(2, "a", 5)], [(1, "b", 5)], [(1, "a", 5), (1, "b", 6)]],
    ids=["none", "another order", "another account", "another name", "one more"],
)
def test_every_part_counts(other: list[tuple[int, str, int]]) -> None:
    assert of((1, "a", 5)).digest() != of(*other).digest()


def test_text_that_somebody_chose_cannot_imitate_other_entries() -> None:
    assert of((1, "a',5;2,'b", 6)).digest() != of((1, "a", 5), (2, "b", 6)).digest()
    assert of((1, "\ud800", 5)).digest() != of((1, "\ud801", 5)).digest()


def test_what_was_hashed_is_never_taken_back() -> None:
    ids = of((1, "a", 5))
    ids.digest()
    ids.clear()
    with pytest.raises(AssertionError):
        ids.digest()
