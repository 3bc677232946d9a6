"""ccxt is an extra: its tests are collected where it is installed, as `make test` sees to."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("ccxt") else ["test_ccxt_venue.py"]
