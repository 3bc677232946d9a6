"""What our own rules share: the files they read, and how they say what they found.

A rule is a function from one parsed file to findings. `run` applies it to every Python file below
the given roots, prints `path:line: sentence` for each finding and returns the exit status.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        return self.text.splitlines()[number - 1]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at a line, in a sentence that says the way out."""

    line: int
    sentence: str


Rule = Callable[[Source], Iterable[Finding]]


def read(path: Path) -> Source:
    text = path.read_text("utf-8")
    return Source(path, text, ast.parse(text, filename=str(path)))


def python_files(roots: Iterable[Path]) -> Iterator[Path]:
    """Every Python file below the roots, in a stable order. A root that is not there is refused:
    a rule that reads nothing would hold for ever.
    """
    for root in roots:
        if not root.exists():
            raise SystemExit(f"{root} is not there; run this from the top of the project")
        yield from [root] if root.is_file() else sorted(root.rglob("*.py"))


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text that is data, with its line: docstrings are left out, and in an f-string each
    part that is filled in stands as `x`.
    """
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):  # a parent comes before its parts
        match node:
            case ast.Expr(value=ast.Constant() as prose):
                skipped.add(prose)
            case ast.JoinedStr(values=parts):
                skipped.update(parts)
                text = (p.value if isinstance(p, ast.Constant) else "x" for p in parts)
                yield node.lineno, "".join(str(part) for part in text)
            case ast.Constant(value=str(text)) if node not in skipped:
                yield node.lineno, text


def run(rule: Rule, roots: Iterable[Path]) -> int:
    """0 when the rule holds everywhere, 1 when it does not."""
    status = 0
    for path in python_files(roots):
        for finding in sorted(rule(read(path)), key=lambda finding: finding.line):
            sys.stdout.write(f"{path}:{finding.line}: {finding.sentence}\n")
            status = 1
    return status


def chosen(default: Iterable[str]) -> list[Path]:
    """The roots named on the command line, else the rule's own."""
    return [Path(name) for name in sys.argv[1:] or default]
