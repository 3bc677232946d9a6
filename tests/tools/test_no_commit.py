import pytest

from tests.tools.conftest import Lines
from tools.no_commit import transactions


@pytest.mark.parametrize(
    "line",
    [
        "await connection.commit()",
        "await self.transaction.rollback()",
        "async with connection.transaction(): pass",
        "await unit.execute('commit')",
        "await unit.execute('BEGIN ISOLATION LEVEL SERIALIZABLE')",
        "await unit.execute('insert into wallets values (1); COMMIT;')",
        "await unit.execute('savepoint before')",
    ],
)
def test_beginning_or_ending_a_transaction_is_found(lines_of: Lines, line: str) -> None:
    assert lines_of(transactions, f"async def write():\n    {line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        '"""Commit when the work is done; rollback when not."""',
        "unit.execute('insert into wallets values (1)')",
        "transaction = transactions.append(unit)",
        "log.info('commit_done')",
        "await imports.commit(unit, user_id, import_id)",
        "detail = 'commit to a price before you begin to trade'",
    ],
)
def test_words_that_only_sound_like_it_are_not(lines_of: Lines, line: str) -> None:
    assert lines_of(transactions, f"def write():\n    {line}\n") == []


def test_the_plumbing_may(lines_of: Lines) -> None:
    assert lines_of(transactions, "x.commit()", "src/plimsoll/plumbing/database.py") == []
