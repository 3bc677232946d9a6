"""What tax has of one person, in an order in which it can be deleted."""

from typing import Final

from plimsoll.plumbing.personal import Removal, Section, rows_of

SECTIONS: Final = (
    Section("tax_elections", rows_of("tax_elections")),
    Section("tax_treatments", rows_of("tax_treatments")),
    Section("tax_picks", rows_of("tax_picks")),
    Section("tax_gifts", rows_of("tax_gifts")),
    Section("tax_broker_forms", rows_of("tax_broker_forms")),
    Section(
        "tax_runs",
        """
        select json_build_object(
            'id', id, 'jurisdiction', jurisdiction, 'year', year, 'ruleset', ruleset,
            'app_version', app_version, 'ledger_version', ledger_version,
            'input_hash', encode(input_hash, 'hex'), 'report_hash', encode(report_hash, 'hex'),
            'draft', draft, 'created_at', created_at, 'head', head,
            'files', (
                select coalesce(json_agg(json_build_object(
                    'name', f.name, 'sha256', encode(f.sha256, 'hex')) order by f.name), '[]')
                from tax_run_files f where f.run_id = r.id
            )
        )::text
        from tax_runs r where user_id = $1
        """,
    ),
)

REMOVALS: Final = tuple(
    Removal(table, f"delete from {table} where user_id = $1")  # noqa: S608 - our own tables
    for table in (
        "tax_runs",  # with their parts and files
        "tax_broker_forms",
        "tax_gifts",
        "tax_picks",
        "tax_treatments",
        "tax_elections",
    )
)
