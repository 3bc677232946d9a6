"""What is looked at while the inputs come: does it answer, how large is it, what does it write."""

import re
import socket
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROBE_EVERY_S: Final = 0.2
LIVE: Final = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
STACK: Final = re.compile(rb'Traceback|"exc(?:eption|_info)"|"level":"(?:error|critical)"')


@dataclass(slots=True)
class Figures:
    """What came of it. `faults`, `stacks` and `leaks` have to stay empty."""

    inputs: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, Counter[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    stacks: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    probes_s: list[float] = field(default_factory=list)
    memory: list[tuple[int, int]] = field(default_factory=list)
    """After so many inputs, so many KiB are resident."""
    descriptors: list[int] = field(default_factory=list)
    waited_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """For all answers of a kind together."""
    took_s: float = 0.0
    alive: bool = False

    @property
    def warm(self) -> list[tuple[int, int]]:
        """Samples of memory after the first fifth, in which caches fill."""
        return self.memory[len(self.memory) // 5 :]

    @property
    def slope(self) -> float:
        """By what part memory grows in 10,000 inputs, least squares."""
        done = [each for each, _ in self.warm]
        kib = [each for _, each in self.warm]
        slope: float = statistics.linear_regression(done, kib).slope
        return slope * 10_000 / statistics.median(kib)

    @property
    def growth(self) -> float:
        """From the first samples that count to the last ones, as a part of the first."""
        kib = [each for _, each in self.warm]
        edge = max(1, len(kib) // 10)
        return statistics.median(kib[-edge:]) / statistics.median(kib[:edge]) - 1

    @property
    def more_descriptors(self) -> int:
        """At the end than after the first fifth."""
        return self.descriptors[-1] - self.descriptors[len(self.descriptors) // 5]

    def note(self, family: str, status: int) -> None:
        self.inputs[family] += 1
        self.outcomes.setdefault(family, Counter())[status] += 1

    def __str__(self) -> str:
        rows = [
            f"{name:11} {number:7} {self.waited_s[name] / number * 1000:7.2f} ms  "
            + ", ".join(f"{code}: {count}" for code, count in self.outcomes[name].most_common(12))
            for name, number in sorted(self.inputs.items())
        ]
        kib = [each for _, each in self.memory]
        rows.append(
            f"{self.inputs.total()} inputs in {self.took_s:.0f} s; {len(self.faults)} faults, "
            f"{len(self.stacks)} stacks, {len(self.leaks)} secrets in the log; "
            f"/health/live {statistics.median(self.probes_s) * 1000:.1f} ms median, "
            f"{max(self.probes_s) * 1000:.0f} ms slowest of {len(self.probes_s)}; "
            f"memory {kib[0] / 1024:.0f} → {kib[-1] / 1024:.0f} MiB, most {max(kib) / 1024:.0f}, "
            f"after warming up {self.growth:+.2%}, {self.slope:+.2%} in 10,000 inputs; "
            f"descriptors {self.descriptors[0]} → {self.descriptors[-1]}"
        )
        return "\n".join(rows)


class Probe:
    """Asks from a thread of its own whether the event loop is alive, all the time."""

    def __init__(self, port: int, took_s: list[float]) -> None:
        self._port = port
        self._took_s = took_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(PROBE_EVERY_S):
            started = time.perf_counter()
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=10) as line:
                    line.sendall(LIVE)
                    good = line.recv(12) == b"HTTP/1.1 200"
            except OSError:
                good = False
            self._took_s.append(time.perf_counter() - started if good else float("inf"))


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


def open_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def read_log(path: Path, secrets: Sequence[str], figures: Figures) -> None:
    """Stacks and secrets in the log; the lines that have them, cut."""
    looked_for = re.compile(b"|".join(re.escape(secret.encode()) for secret in secrets))
    with path.open("rb") as lines:
        for line in lines:
            if STACK.search(line):
                figures.stacks.append(line[:3_000].decode("utf-8", "replace"))
            if found := looked_for.search(line):
                figures.leaks.append(f"{found[0][:6]!r}… in {line[:200]!r}")
