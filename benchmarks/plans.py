"""How well and how fast the rules read plans: scores by author, seconds a megabyte, and texts made to be slow.

Run: python benchmarks/plans.py [--corpus DIR ...] [--part scores|time|hostile ...] [--size CHARACTERS]

A corpus has plans/ (with SOURCES.tsv, where it is known who wrote them), expected/ and score.py, which does the counting;
one without a scorer uses that of the first. The default is BRANCHLINE_CORPUS, else ../shared/corpus beside the project;
without any, the generated parts alone are done. Times are CPU seconds of the reader in one warm process, the least of
five; memory is what Python's allocator held at the most, each in a run of its own.
"""

import argparse
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from branchline.decompose import draft, read_plan
from branchline.errors import BranchlineError
from branchline.planfile.read import parse
from branchline.workflow.payload import decompose_payload

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from hostile_plans import BOUNDED, DOCUMENTS, LINES, Family  # noqa: E402  # shared with the tests, which no wheel holds

FOLDS = 5
ROUNDS = 5
MEGABYTES = (1, 2, 5, 10, 20)
GROWTH = 2.6
"""A family that takes more than this many times longer at twice the size is named."""
BUDGETS = {"aidevops.TODO.md": 0.6, "taskmaster.own-repo.tasks.json": 0.4}
"""File of corpus/formats -> CPU seconds."""
_ONCE = """
import sys, time
from pathlib import Path
from branchline.decompose import read_plan
from branchline.planfile.read import parse
parse("- [ ] t1 Draw it", "plan.md")
path = Path(sys.argv[1])
start = time.process_time()
read_plan(path, path.name)
print(time.process_time() - start)
"""
_FIGURE = re.compile(r"^(task|leaf|edge|all|files) P (\S+) R (\S+) F1 (\S+) \(tp,fp,fn\) \[(\d+), (\d+), (\d+)\]", re.M)
_SHARE = re.compile(r"'(kind|parent|done|verify)': '(\d+)/(\d+)")
_MACRO = re.compile(r"macro task F1 (\S+) over (\d+) plans; exactly right task sets: (\d+)")
_TASK = """- [ ] t{n} Build thing {n} in `src/part{p}/thing{n}.py` #tag ~2h blocked-by:t{before}
  Some words on what thing {n} does, why it is wanted, and what it must not do (see `docs/part{p}.md`).
  - Files: `src/part{p}/thing{n}.py`, `tests/test_thing{n}.py`
  - Verify: `pytest -q tests/test_thing{n}.py`
  - [ ] first step of {n}
  - a note
"""


def predict(corpus: Path, into: Path) -> None:
    """Read every plan of a corpus with the real reader, in the form the scorer takes."""
    for wanted in sorted((corpus / "expected").glob("*.json")):
        path = next(p for p in sorted((corpus / "plans").iterdir()) if re.split(r"[-.]", p.name)[0] == wanted.stem)
        plan = read_plan(path, path.name)
        try:
            tasks = decompose_payload(draft(plan, None), None)["tasks"]
        except BranchlineError as error:
            print(f"  {path.name}: {error}")
            tasks = []
        (into / wanted.name).write_text(json.dumps({"plan": path.name, "tasks": tasks}))


def score(corpus: Path, scorer: Path, predicted: Path, only: list[str]) -> dict[str, float]:
    """Name -> figure, as the corpus's own scorer counts them; `only` are the numbers of the plans."""
    argv = [sys.executable, str(scorer), str(corpus / "expected"), str(predicted), "--only", ",".join(only)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = {}
    for name, precision, recall, f1, right, wrong, missed in _FIGURE.findall(said):
        figures |= {f"{name} P": float(precision), f"{name} R": float(recall), f"{name} F1": float(f1)}
        figures[f"{name} of"] = int(right) + int(missed)
        if name == "task":
            figures["false tasks"] = int(wrong) / max(1, int(right) + int(wrong))
    for name, part, there in _SHARE.findall(said):
        figures |= {name: int(part) / max(1, int(there)), f"{name} of": int(there)}
    macro = _MACRO.search(said)
    assert macro is not None, said
    return figures | {"task macro": float(macro[1]), "plans": float(macro[2]), "exactly right": float(macro[3])}


def folds(corpus: Path, numbers: list[str]) -> list[list[str]]:
    """Part the plans into five by author (the owner in SOURCES.tsv), as even as authors allow."""
    sources = corpus / "plans" / "SOURCES.tsv"
    if not sources.exists():
        return []
    rows = [line.split("\t") for line in sources.read_text().splitlines()[1:]]
    authors: dict[str, list[str]] = {}
    for name, _, repo, *_ in rows:
        number = name.partition("-")[0]
        if number in numbers:
            authors.setdefault(repo.partition("/")[0], []).append(number)
    parts: list[list[str]] = [[] for _ in range(FOLDS)]
    for _, theirs in sorted(authors.items(), key=lambda each: (-len(each[1]), each[0])):
        min(parts, key=len).extend(theirs)
    return parts


TABLE = (
    "task F1", "task macro", "task P", "task R", "false tasks", "leaf F1", "kind", "parent", "done", "edge F1", "edge P",
    "edge R", "edge of", "all P", "all R", "verify", "files F1", "exactly right",
)  # fmt: skip
COUNTS = ("edge of", "exactly right")
NAMES = {"edge": "written edge", "all": "order pair"}


def scores(corpus: Path, scorer: Path) -> None:
    """Print the table of one corpus: all plans, then each fold, then the spread."""
    with tempfile.TemporaryDirectory() as temporary:
        predict(corpus, Path(temporary))
        numbers = sorted(path.stem for path in Path(temporary).glob("*.json"))
        whole = score(corpus, scorer, Path(temporary), numbers)
        parts = [score(corpus, scorer, Path(temporary), part) for part in folds(corpus, numbers) if part]
    print(f"\n{corpus}: {whole['plans']:.0f} plans")
    heads = [f"fold {n} ({part['plans']:.0f})" for n, part in enumerate(parts, 1)]
    print(f"{'':16}{'all':>9}{'of':>7}" + "".join(f"{head:>12}" for head in heads) + ("   mean, sd" if parts else ""))
    for name in TABLE:
        first, _, rest = name.partition(" ")
        line = f"{NAMES.get(first, first)} {rest}".strip()
        shown = f"{line:16}{_figure(name, whole):>9}{_counted(name, whole):7.0f}"
        shown += "".join(f"{_figure(name, part):>12}" for part in parts)
        values = [part[name] for part in parts if _counted(name, part)]
        if len(values) > 1 and name not in COUNTS:
            shown += f"   {statistics.mean(values):.3f}, {statistics.stdev(values):.3f}"
        print(shown)
    if parts:
        print("A dash: nothing of the kind in these plans. `of` is how many there are to find.")
        print(
            "The rules are written by hand and the same for every fold: this is the spread between authors, no training."
        )


def _counted(name: str, figures: dict[str, float]) -> float:
    """How many there are to find of what a row counts."""
    return figures.get(f"{name.split()[0]} of", figures["task of" if name == "false tasks" else "plans"])


def _figure(name: str, figures: dict[str, float]) -> str:
    if not _counted(name, figures):
        return "-"
    return f"{figures[name]:.0f}" if name in COUNTS else f"{figures[name]:.3f}"


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least CPU seconds of `rounds` runs; one that takes long is run once."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
        if best > 5:
            break
    return best


def fresh(path: Path, rounds: int = ROUNDS) -> float:
    """The least CPU seconds of reading a plan once, each time by a process that has read no other, start and imports apart."""
    said = [
        subprocess.run([sys.executable, "-c", _ONCE, str(path)], capture_output=True, check=True) for _ in range(rounds)
    ]
    return min(float(each.stdout) for each in said)


def memory(work: Callable[[], object]) -> float:
    """Megabytes that Python's allocator held at the most."""
    gc.collect()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def generated(characters: int) -> str:
    """A plan in phases of twenty tasks, each with files, a check, a dependency and a step."""
    parts: list[str] = ["# Plan\n"]
    size = number = phase = 0
    while size < characters:
        phase += 1
        parts.append(f"\n## Phase {phase}: Part {phase} of the work\n\n**Goal:** make part {phase} whole.\n\n")
        for _ in range(20):
            number += 1
            parts.append(_TASK.format(n=number, p=phase, before=max(1, number - 3)))
            size += len(parts[-1])
    return "".join(parts)


def times(corpus: Path | None) -> None:
    """Print the times of the two large samples, and the curve to 20 MB."""
    print(f"\nCPU seconds of the reader, least of {ROUNDS}; of the first two each in a process of its own")
    for name, budget in BUDGETS.items() if corpus else ():
        path = corpus / "formats" / name if corpus else Path()
        try:
            tasks = len(read_plan(path, name).tasks)
        except BranchlineError as error:
            print(f"{name:32} not read: {error}")
            continue
        took = fresh(path)
        late = "   MISSED" if took > budget else ""
        print(f"{name:32} {tasks:6} tasks {took:7.3f} s, budget {budget} s, {took / budget:.2f} of it{late}")
    first = 0.0
    for megabytes in MEGABYTES:
        text = generated(megabytes * 1_000_000)
        took = seconds(lambda text=text: parse(text, "plan.md"))  # type: ignore[misc]
        pace = took / len(text) * 1e6
        first = first or pace
        held = memory(lambda text=text: parse(text, "plan.md"))  # type: ignore[misc]
        print(
            f"generated, {len(text) / 1e6:4.1f} MB{'':16} {took:7.2f} s, {pace:.3f} s a MB, {pace / first:.2f} times the first; "
            f"peak {held:.0f} MB, {held / len(text) * 1e6:.0f} times the text",
            flush=True,
        )


def growth(family: Family, size: int, rounds: int = 1) -> tuple[float, float, str]:
    """CPU seconds at `size` and at twice that, and what was said when the text was refused."""
    found: list[float] = []
    said = ""
    for text in (family(size), family(2 * size)):

        def work(text: str = text) -> None:
            nonlocal said
            try:
                parse(text, "plan.md")
            except BranchlineError as error:
                said = str(error)

        found.append(seconds(work, rounds))
    return found[0], found[1], said


def hostile(size: int) -> None:
    """Print the slowest families and every one that grows faster than its text."""
    print(f"\nTexts made to be slow: CPU seconds at {size} and {2 * size} characters, and the factor")
    rows: list[tuple[float, float, float, str, str]] = []
    for name, family in {**LINES, **DOCUMENTS, **BOUNDED}.items():
        one, two, said = growth(family, size)
        if two > GROWTH * one:
            one, two, said = growth(family, size, ROUNDS)  # once may be chance
        rows.append((two / max(one, 1e-6), one, two, name, said))
    slow = [row for row in rows if row[0] > GROWTH and row[2] > 0.05]
    dear = sorted(rows, key=lambda row: -row[2])[:12]
    for row in dict.fromkeys([*dear, *slow]):
        factor, one, two, name, said = row
        mark = "   GROWS" if row in slow else "   refused" if said else ""
        print(f"{name:44} {one:7.3f} {two:7.3f}   {factor:5.2f}{mark}")
    middle = statistics.median(row[0] for row in rows)
    print(
        f"{len(rows)} families, {len(slow)} of them grow faster than {GROWTH} times; the median factor is {middle:.2f}"
    )


def main(argv: list[str]) -> int:
    """Print the parts that were asked for; all of them by default."""
    parser = argparse.ArgumentParser(description="How well and how fast the rules read plans.")
    parser.add_argument("--corpus", action="append", type=Path, default=[], help="a folder with plans/ and expected/")
    parser.add_argument("--part", action="append", choices=("scores", "time", "hostile"), default=[])
    parser.add_argument("--size", type=int, default=100_000, help="characters of the smaller hostile text")
    flags = parser.parse_args(argv)
    known = Path(os.environ.get("BRANCHLINE_CORPUS") or ROOT.parent / "shared" / "corpus")
    corpora = flags.corpus or ([known] if (known / "expected").is_dir() else [])
    parts = flags.part or ["scores", "time", "hostile"]
    if not corpora:
        print(f"There is no corpus in {known}: only the generated parts. Name one with --corpus or BRANCHLINE_CORPUS.")
    if "scores" in parts:
        for corpus in corpora:
            own = corpus / "score.py"
            scores(corpus, own if own.exists() else corpora[0] / "score.py")
    if "time" in parts:
        times(corpora[0] if corpora else None)
    if "hostile" in parts:
        hostile(flags.size)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
