"""Where the command begins.

Every process that the service starts for a calculation imports this again, because it is the file
its parent began with: so it imports nothing before it is called.
"""


def main() -> None:
    """Run the `plimsoll` command."""
    from plimsoll.cli.main import app  # noqa: PLC0415 - more than a second, of each such process

    app()
