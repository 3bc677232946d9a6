from tests.tools.conftest import Lines
from tools.sizes import FILE_LINES, FUNCTION_LINES, oversized


def test_a_file_may_have_this_many_lines_and_not_one_more(lines_of: Lines) -> None:
    assert lines_of(oversized, "x = 1\n" * FILE_LINES) == []
    assert lines_of(oversized, "x = 1\n" * (FILE_LINES + 1)) == [1]


def test_a_function_may_have_this_many_lines_and_not_one_more(lines_of: Lines) -> None:
    body = "    x = 1\n"
    head = "\n@cache\nasync def work():\n"
    assert lines_of(oversized, head + body * (FUNCTION_LINES - 2)) == []
    assert lines_of(oversized, head + body * (FUNCTION_LINES - 1)) == [2]
