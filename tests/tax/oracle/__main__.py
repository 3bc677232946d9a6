"""Our tax engine beside three other programs on the same random ledgers, slice by slice.

    python -m tests.tax.oracle [--transactions 2000] [--seed 1] [--peer coinbasis|rp2|bittytax]

The others are run as they are installed, as programs on files. A slice that differs is explained by
a rule or listed; the command fails when one is listed.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

from tests.tax.oracle import uk_pools, us_owner, us_wallets
from tests.tax.oracle.agreement import Agreement
from tests.tax.oracle.peers import PeerFailed, prepare, run_in

Check = Callable[[us_wallets.Run, Path, int, int], Agreement]
PEERS: Final[dict[str, tuple[str, Check]]] = {
    "coinbasis": (us_wallets.NAME, us_wallets.check),
    "rp2": (us_owner.NAME, us_owner.check),
    "bittytax": (uk_pools.NAME, uk_pools.check),
}
SHOWN: Final = 20


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--transactions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", choices=PEERS, action="append")
    asked = parser.parse_args(argv)
    wrong = compared = 0
    try:
        prepare()
        for peer in asked.peer or PEERS:
            name, check = PEERS[peer]
            began = monotonic()
            with tempfile.TemporaryDirectory(prefix=f"oracle-{peer}-") as folder:
                place = Path(folder)
                found = check(partial(run_in, place), place, asked.transactions, asked.seed)
            compared += found.compared
            wrong += len(found.unexplained)
            for line in found.unexplained[:SHOWN]:
                sys.stdout.write(f"  {line}\n")
            told = ", ".join(f"{rule} {n}" for rule, n in sorted(found.explained.items()))
            sys.stdout.write(
                f"{name}: {asked.transactions:,} transactions of seed {asked.seed}, "
                f"{found.compared:,} slices compared, {len(found.unexplained)} unexplained; "
                f"explained: {told or 'none'} ({monotonic() - began:.0f} s)\n"
            )
            sys.stdout.flush()
    except PeerFailed as failed:
        sys.stdout.write(f"{failed}\n")
        return 1
    sys.stdout.write(f"{compared:,} slices compared, {wrong} differences without a reason\n")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
