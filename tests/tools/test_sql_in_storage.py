import pytest

from tests.tools.conftest import Lines
from tools.sql_in_storage import statements


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select id, name from wallets",
        "\n    insert into wallets (id) values ($1)",
        "update holdings set quantity = 0",
        "delete from disposals where user_id = $1",
        "with head as (select 1) select * from head",
        "drop table wallets",
    ],
)
def test_a_statement_outside_of_storage_is_found(lines_of: Lines, sql: str) -> None:
    assert lines_of(statements, f"SQL = {sql!r}") == [1]


def test_a_statement_with_a_part_filled_in_is_found(lines_of: Lines) -> None:
    assert lines_of(statements, 'SQL = f"select {COLUMNS} from wallets"') == [1]


@pytest.mark.parametrize(
    "path", ["src/plimsoll/ledger/storage.py", "src/plimsoll/ledger/storage/a.py"]
)
def test_storage_is_where_it_belongs(lines_of: Lines, path: str) -> None:
    assert lines_of(statements, "SQL = 'select 1'", path) == []


@pytest.mark.parametrize(
    "text",
    ["Select a coin", "with a new key", "update your password", "delete", "selected", "lock"],
)
def test_prose_is_not_sql(lines_of: Lines, text: str) -> None:
    assert lines_of(statements, f"'''select 1: a docstring'''\nTEXT = {text!r}") == []
