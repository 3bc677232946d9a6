"""A service to be killed: starts the embedded server, says where it is, waits.

Run by tests as `python service_process.py FACTS`, FACTS being JSON: `data_dir`; optionally
`account` (uid, gid: become that user first) and `capabilities` (numbers: all that root keeps, as
in a container). Prints `{"dsn", "pid", "keeper"}` or `{"code", "detail"}`.
"""

import ctypes
import json
import os
import sys
import time
from pathlib import Path

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.postgres import keeper
from plimsoll.plumbing.postgres.binaries import locate
from plimsoll.plumbing.postgres.server import EmbeddedPostgres

PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24


def keep_only(capabilities: list[int]) -> None:
    """Bound root's capabilities; takes effect by running this file again."""
    libc = ctypes.CDLL(None, use_errno=True)
    for number in range(64):
        if libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1 and number not in capabilities:
            assert libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0


def main() -> None:
    facts = json.loads(sys.argv[1])
    if "capabilities" in facts:
        keep_only(facts.pop("capabilities"))
        os.execv(sys.executable, [sys.executable, __file__, json.dumps(facts)])  # noqa: S606 - itself
    if "account" in facts:
        uid, gid = facts["account"]
        # The test machine's interpreter may live where only root reaches it.
        reach = [sys.executable, os.path.realpath(sys.executable), os.__file__, __file__]
        reach += [str(path) for path in locate().must_be_readable]
        keeper.leave_root(uid=uid, gid=gid, reach=reach)
    try:
        server = EmbeddedPostgres.start(Path(facts["data_dir"]))
    except PlimsollError as error:
        sys.stdout.write(json.dumps({"code": error.code, "detail": error.detail}) + "\n")
        return
    assert server._process is not None
    said = {"dsn": server.dsn, "pid": server.pid, "keeper": server._process._process.pid}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    time.sleep(120)


if __name__ == "__main__":
    main()
