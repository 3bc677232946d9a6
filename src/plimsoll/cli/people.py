"""People and the audit log: `plimsoll user` and `plimsoll audit`."""

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service import accounts, audit, enrolment
from plimsoll.access.service.heads import Heads, as_json
from plimsoll.cli.database import DataDir, on_database, refusals_as_sentences
from plimsoll.kernel.clock import SystemClock
from plimsoll.settings import Settings

audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
user_app = typer.Typer(help="People: roles and tiers.", no_args_is_help=True)


@audit_app.command(name="verify")
def verify_audit(
    data_dir: DataDir = None,
    heads: Annotated[
        Path | None,
        typer.Option(help="Signed heads to compare with [PLIMSOLL_AUDIT_HEADS_DIR]"),
    ] = None,
) -> None:
    """Prove that no row of the audit log was changed or taken out."""
    with refusals_as_sentences():
        noted = Heads.of(Settings.read(data_dir=data_dir)).read_all(heads)
    verdict = on_database(data_dir, lambda database: audit.verify(database, noted))
    if verdict.intact:
        typer.echo(f"intact: {verdict.rows} rows, head {verdict.head.hash.hex()}")
        agreed = f"{len(noted)} signed heads agree" if noted else "no signed heads to compare with"
        typer.echo(agreed)
        return
    typer.echo(f"BROKEN at row {verdict.broken_at}: {verdict.fault}", err=True)
    raise typer.Exit(1)


@audit_app.command(name="head")
def show_audit_head(data_dir: DataDir = None) -> None:
    """The head of the audit log, signed: a line of JSON to be kept where nobody of here writes."""
    with refusals_as_sentences():
        heads = Heads.of(Settings.read(data_dir=data_dir))
    head = on_database(data_dir, audit.read_head)
    typer.echo(as_json(heads.sign(head, SystemClock().now())), nl=False)


@audit_app.command(name="keys")
def show_audit_keys(data_dir: DataDir = None) -> None:
    """The public keys that signed heads are verified with, as PEM."""
    with refusals_as_sentences():
        typer.echo(Heads.of(Settings.read(data_dir=data_dir)).list_public_keys(), nl=False)


@user_app.command(name="role")
def set_role(email: str, role: Role, data_dir: DataDir = None) -> None:
    """Make somebody an operator, or a user again."""
    clock = SystemClock()
    on_database(data_dir, lambda db: accounts.set_role(db, clock, email=email, role=role))
    typer.echo(f"{email} is {role.value}")


@user_app.command(name="tier")
def set_tier(email: str, tier: Tier, data_dir: DataDir = None) -> None:
    """Set the experience tier that caps leverage and sets rate limits."""
    clock = SystemClock()
    on_database(data_dir, lambda db: accounts.set_tier(db, clock, email=email, tier=tier))
    typer.echo(f"{email} is {tier.value}")


@user_app.command(name="erase")
def erase_person(
    email: str,
    reason: Annotated[str, typer.Option(help="For the audit log")],
    data_dir: DataDir = None,
) -> None:
    """Erase somebody: account, ledger, imports, tax, alerts. It cannot be undone.

    Paper positions are closed and orders cancelled first.
    """
    from plimsoll.operations.service import people  # noqa: PLC0415 - of this command only

    clock = SystemClock()
    erasure = on_database(
        data_dir, lambda db: people.erase_by_email(db, clock, email=email, reason=reason)
    )
    typer.echo(f"{email} is erased: {sum(erasure.removed.values()):,} rows; what stays:")
    for each in erasure.kept:
        typer.echo(f"  {each}")


@user_app.command(name="second-factor")
def take_off_second_factor(
    email: str,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take it off")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say whether somebody has a second factor, or take it off when app and codes are lost."""
    clock = SystemClock()
    if not remove:
        since = on_database(data_dir, lambda db: enrolment.active_since(db, email=email))
        typer.echo(f"{email} has {f'a second factor since {since}' if since else 'none'}")
    elif on_database(data_dir, lambda db: enrolment.remove_for(db, clock, email=email)):
        typer.echo(f"{email} signs in with the password alone")
    else:
        typer.echo(f"{email} has no second factor")
