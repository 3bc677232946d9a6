"""What the ledger has of one person, in an order in which it can be deleted."""

from typing import Final

from plimsoll.plumbing.personal import Removal, Section, rows_of

OF_AN_IMPORT: Final = "import_id in (select id from imports where user_id = $1)"

SECTIONS: Final = (
    Section("wallets", rows_of("wallets")),
    Section("transactions", rows_of("transactions", without=("fingerprint",))),
    Section("legs", rows_of("legs")),
    Section("holdings", rows_of("holdings")),
    Section("disposals", rows_of("disposals")),
    Section("imports", rows_of("imports", without=("digest",))),
    Section("valuations", rows_of("valuations")),
    Section("confirmed_transfers", rows_of("confirmed_transfers")),
    Section("rejected_transfers", rows_of("rejected_transfers")),
    Section("dismissed_doubts", rows_of("quality_dismissals")),
)

REMOVALS: Final = (
    *(
        Removal(table, f"delete from {table} where user_id = $1")  # noqa: S608 - our own tables
        for table in (
            "quality_dismissals",
            "rejected_transfers",
            "confirmed_transfers",
            "valuations",
            "valuation_heads",
            "checkpoints",
            "disposals",
            "holdings",
            "legs",
            "transactions",
        )
    ),
    Removal("import_rows", f"delete from import_rows where {OF_AN_IMPORT}"),  # noqa: S608 - as above
    Removal("import_parts", f"delete from import_parts where {OF_AN_IMPORT}"),  # noqa: S608
    Removal("imports", "delete from imports where user_id = $1"),
    Removal("wallets", "delete from wallets where user_id = $1"),
    Removal("ledger_heads", "delete from ledger_heads where user_id = $1"),
)

HOLD: Final = "select version from ledger_heads where user_id = $1 for update"
COUNT: Final = "select count(*) from transactions"
