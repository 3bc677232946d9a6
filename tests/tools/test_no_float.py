from tests.tools.conftest import Lines
from tools.no_float import floats


def test_types_calls_and_literals_are_found(lines_of: Lines) -> None:
    text = """
price: float = 0
rate = float("1.5")
fee = 0.1
tenth = 1e-1
def worth(quantity: Decimal | None = None) -> list[float]: ...
"""
    assert lines_of(floats, text) == [2, 3, 4, 5, 6]


def test_decimals_integers_and_prose_are_not(lines_of: Lines) -> None:
    text = '''
"""Never a float, not even 0.1."""
price = Decimal("0.1")  # float would lose cents
count = 3
floating = price
'''
    assert lines_of(floats, text) == []


def test_a_float_that_is_no_amount_says_why_on_its_line(lines_of: Lines) -> None:
    text = """
until_s: float  # no money: seconds of the monotonic clock
since_s: float  # no money:
"""
    assert lines_of(floats, text) == [3]
