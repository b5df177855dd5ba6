"""Mutation score: how many small changes of the code its tests notice.

    python benchmarks/mutation.py [forecasting/publishing/gates …] [--sample 200] [--jobs 2]

Which code is held against which tests, and the least score, stands in pyproject.toml under
``tool.mutation.rooms``, the quick tests first; naming a room's code judges that room alone. Each mutant is one
comparison, operator, number, string, condition or call argument changed in the syntax tree of one module, run in a
forked process against the given tests until the first fails. A mutant that spends four times the processor seconds of
the sound code hangs, and so is noticed; those are counted apart. Docstrings and annotations are left alone. Prints the
surviving mutants and the score of each room; exits 1 when one is below its least.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import importlib.abc
import importlib.util
import io
import math
import os
import random
import resource
import signal
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Every mutant of one node."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            if type(op) in COMPARED:
                other = copy.deepcopy(node)
                other.ops[place] = COMPARED[type(op)]()
                yield other
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        other = copy.deepcopy(node)
        other.op = COMPUTED[type(node.op)]()
        yield other
    elif isinstance(node, ast.BoolOp):
        other = copy.deepcopy(node)
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert, ast.USub)):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, (int, float)):
            yield ast.Constant(node.value + 1)
        elif isinstance(node.value, str) and node.value:
            yield ast.Constant(f"XX{node.value}")
    elif isinstance(node, (ast.Continue, ast.Break)):
        yield ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
    elif isinstance(node, ast.If):
        other = copy.deepcopy(node)
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield other
    elif isinstance(node, ast.Return) and node.value is not None:
        other = copy.deepcopy(node)
        other.value = ast.Constant(None)
        yield other


class Places(ast.NodeVisitor):
    """The nodes that may be changed: no docstring, annotation, import or name of a module."""

    def __init__(self) -> None:
        self.found: list[ast.AST] = []

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return
        self.found.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "format_spec"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)


def mutants(path: Path) -> list[tuple[str, str]]:
    """What was changed where, and the source with the change."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    visitor = Places()
    visitor.visit(tree)
    made = []
    for node in visitor.found:
        for other in changes(node):
            line = getattr(node, "lineno", 0)
            before = dict(node.__dict__), type(node)
            said = f"{path.relative_to(ROOT)}:{line}: {_shown(node)} -> {_shown(other)}"
            node.__class__, node.__dict__ = type(other), {**other.__dict__, "lineno": line, "col_offset": 0}
            source = ast.unparse(ast.fix_missing_locations(tree))
            node.__class__, node.__dict__ = before[1], before[0]
            made.append((said, source))
    return made


def _shown(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split("\n")[0][:70]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Finds one module in memory instead of on disk."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> object:
        del path, target
        if fullname != self.name:
            return None
        inside = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=inside
        )

    def get_filename(self, fullname: str) -> str:
        del fullname
        return str(self.path)

    def get_data(self, path: str) -> bytes:
        del path
        return self.source.encode()

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError(path)  # never cached


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def start(name: str, path: Path, source: str, tests: list[str], seconds: float) -> int:
    """A process that runs the tests with a changed module; it ends with 0 when they pass.

    It is stopped after so many processor seconds, or twenty times as many by the clock.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds),) * 2)
        signal.alarm(math.ceil(20 * seconds))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for held in list(sys.modules):
            if held == package or held.startswith((f"{package}.", "tests.")):
                del sys.modules[held]
        sys.meta_path.insert(0, Changed(name, path, source))
        import pytest

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]))
    finally:
        os._exit(code)


def judge(room: dict[str, Any], sample: int, jobs: int, seed: int) -> bool:
    """Whether a room reaches its least score."""
    code = [ROOT / one for one in room["code"].split()]
    sample = sample or room.get("sample", 0)
    tests = [str(path) for pattern in room["tests"] for path in sorted(ROOT.glob(pattern))]
    paths = [path for one in code for path in (sorted(one.rglob("*.py")) if one.is_dir() else [one])]
    made = [(path, said, source) for path in paths for said, source in mutants(path)]
    if sample and sample < len(made):
        made = sorted(random.Random(seed).sample(made, sample), key=lambda one: one[1])
    sound = start(module_name(paths[0]), paths[0], paths[0].read_text(encoding="utf-8"), tests, 600)
    _, status, used = os.wait4(sound, 0)
    if os.waitstatus_to_exitcode(status):
        print(f"{room['code']}: the tests fail without any change", file=sys.stderr)
        return False
    seconds = 10 + 4 * (used.ru_utime + used.ru_stime)
    running: dict[int, str] = {}
    print(f"{room['code']}: {len(made)} mutants", flush=True)
    alive = hung = 0
    for path, said, source in [*made, *[(paths[0], "", "")] * jobs]:
        if running and (len(running) >= jobs or not said):
            child, status = os.wait()
            ended = os.waitstatus_to_exitcode(status)
            alive += ended == 0
            hung += ended in (-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGALRM)
            if ended == 0:
                print(f"alive  {running[child]}", flush=True)
            del running[child]
        if said:
            nearest = sorted(tests, key=lambda test: path.stem not in test)
            running[start(module_name(path), path, source, nearest, seconds)] = said
    score = 1 - alive / len(made)
    noticed_of = f"{len(made) - alive} of {len(made)} mutants noticed, {hung} of them by hanging"
    print(f"{room['code']}: {noticed_of}: score {score:.1%}, least {room['least']:.0%}")
    return bool(score >= room["least"])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("code", nargs="*", help="rooms by their code; all when none is named")
    parser.add_argument(
        "--sample", type=int, default=0, help="so many mutants a room; 0 is as many as the room says"
    )
    parser.add_argument("--seed", type=int, default=1, help="which mutants are drawn")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for heavy in ("pandas", "pytest", "scipy.stats", "forecasting.balance.tables", "forecasting.data.store"):
        importlib.import_module(heavy)
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"]["rooms"]
    chosen = [room for room in rooms if not given.code or room["code"] in given.code]
    return int(not chosen or False in [judge(room, given.sample, given.jobs, given.seed) for room in chosen])


if __name__ == "__main__":
    sys.exit(main())
