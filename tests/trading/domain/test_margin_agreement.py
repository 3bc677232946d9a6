"""The engine and an independent oracle, on random positions.

Many more with `python -m tests.trading.margin_agreement 100000`.
"""

from tests.trading.margin_agreement import disagreements


def test_the_oracle_agrees_on_two_thousand_random_positions() -> None:
    assert list(disagreements(2_000, seed=20_261_121)) == []
