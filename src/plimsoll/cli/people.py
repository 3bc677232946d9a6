"""People and the audit log: `plimsoll user` and `plimsoll audit`."""

import typer

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service import accounts, audit
from plimsoll.cli.database import DataDir, on_database
from plimsoll.kernel.clock import SystemClock

audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
user_app = typer.Typer(help="People: roles and tiers.", no_args_is_help=True)


@audit_app.command(name="verify")
def verify_audit(data_dir: DataDir = None) -> None:
    """Prove that no row of the audit log was changed or taken out."""
    verdict = on_database(data_dir, audit.verify)
    if verdict.intact:
        typer.echo(f"intact: {verdict.rows} rows, head {verdict.head.hash.hex()}")
        return
    typer.echo(f"BROKEN at row {verdict.broken_at}: {verdict.fault}", err=True)
    raise typer.Exit(1)


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
