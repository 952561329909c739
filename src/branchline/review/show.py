"""The review page: what will be done, by whom, checked how, in which order, and what was left out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from branchline.graph.adjacency import Adjacency
from branchline.model.plan import Check, DraftGraph, Edge, Finding, Task
from branchline.review.policy import MINED, auto
from branchline.terminal import clip, colour, lines, many, safe, some, tree, width_of, wrap

_LINES: Final = 200
_TITLE: Final = 4
"""Lines of one title, unless the whole page is wanted."""
_SHARES: Final = {"plan": 60, "tree": 90, "batches": 12, "mutexes": 12, "ignored": 12, "findings": 16, "held": 10}
_APART: Final = 3
"""Findings of one code that are told one by one; of more the first is, and of the others the tasks are named."""
_NAMED: Final = 12
_STATES: Final = {"done": "done already", "wip": "begun", "declined": "declined", "deferred": "deferred"}


class _Page(NamedTuple):
    draft: DraftGraph
    tasks: Sequence[Task]
    workers: Mapping[str, str]
    incoming: Mapping[str, Sequence[Edge]]
    below: Mapping[str, int]
    tiers: Mapping[str, str]
    gated: bool
    width: int
    most: int | None
    paint: Callable[[str, str], str]


def render(
    draft: DraftGraph,
    digest: str,
    *,
    workers: Mapping[str, str],
    gate: Sequence[Check] = (),
    batches: Sequence[Sequence[str]] = (),
    strategy: str = "depth-first",
    slots: int = 1,
    preview: str = "",
    path: Sequence[str] = (),
    mutexes: Mapping[str, Sequence[str]] = MappingProxyType({}),
    tiers: Mapping[str, str] = MappingProxyType({}),
    fixes: Mapping[str, str] = MappingProxyType({}),
    width: int = 80,
    on: bool = False,
    whole: bool = False,
) -> str:
    """Return the page a person approves (DESIGN, section 7.5).

    `workers` gives the worker of each role, `batches` what starts with what, `preview` how long it takes, `path` the
    longest chain of tasks, `mutexes` the files with the tasks that take turns at them, `tiers` the words for a task's tier
    of models, `fixes` what mends a finding of a code. Without `whole` at most about 200 lines (and 4 lines of a title) are
    shown, and what was left out is said. `on` asks for colour.
    """
    tasks, most, incoming = _ordered(draft), None if whole else _TITLE, dict[str, list[Edge]]()
    for edge in draft.edges:
        incoming.setdefault(edge.after, []).append(edge)
    page = _Page(
        draft, tasks, workers, incoming, _below(tasks), tiers, bool(gate), max(40, width), most,
        lambda text, name: colour(text, name, on),
    )  # fmt: skip
    sections = {
        "plan": ("Plan: " + safe(draft.goal or draft.plan), _numbered(page)),
        "tree": ("Tree:", tree(list(_nodes(page))).split("\n") if draft.tasks else []),
        "gate": ("Gate, run where a task has no check of its own:" if gate else "Gate: none", _gate(gate, page)),
        "batches": (_batches_head(batches, strategy, slots), _batches(batches, page.width)),
        "mutexes": ("Never at the same time, for they change one file:", _mutexes(mutexes, page.width)),
        "path": (f"Critical path: {many(len(path), 'task')}, one after another", _path(path, page.width)),
        "preview": (preview, ["  Expected of estimates and earlier runs; `branchline simulate` shows more."]),
        "ignored": (_ignored_head(draft), _ignored(page)),
        "findings": (f"Findings: {len(draft.findings)}", _findings(page, fixes)),
        "held": ("Not started with --yes:", _held(page)),
    }
    bodies = {name: list(body) for name, (_, body) in sections.items()}
    cut = not whole and sum(map(len, bodies.values())) > _LINES
    shown: list[str] = []
    for name, (head, _) in sections.items():
        body = bodies[name]
        if head and (body or name in ("plan", "gate")):
            shown += [page.paint(line, "bold") for line in wrap(head, page.width, 4)]
            shown += [*_limited(body, _SHARES.get(name) if cut else None), ""]
    return "\n".join([*shown, f"From {safe(draft.plan)}", f"Digest {safe(digest)}"])


def _limited(body: Sequence[str], most: int | None) -> list[str]:
    if most is None or len(body) <= most:
        return list(body)
    return [
        *body[:most],
        f"  ... {len(body) - most:,} more lines, not shown here; all of them: branchline review --all",
    ]


def _ordered(draft: DraftGraph) -> list[Task]:
    by_id = {task.id: task for task in draft.tasks}
    return [by_id[name] for name in Adjacency.build((task.id, task.parent, task.kind) for task in draft.tasks).order]


def _below(tasks: Sequence[Task]) -> Counter[str]:
    """Return for each composite how many tasks stand below it that nothing stands below."""
    below: Counter[str] = Counter()
    for task in reversed(tasks):
        if task.parent is not None:
            below[task.parent] += below[task.id] or 1
    return below


def _hung(text: str, width: int, first: str, rest: str, most: int | None = None) -> Iterator[str]:
    """Yield the lines of a text, one mark before the first of them and another before all others."""
    for place, line in enumerate(wrap(text, width - len(rest), most)):
        yield (rest if place else first) + line


def _numbered(page: _Page) -> Iterator[str]:
    atomic = (task for task in page.tasks if task.kind == "atomic")
    for number, task in enumerate(atomic, 1):
        output = _output(task)
        text = f"{number}. [{safe(task.role)}] {safe(task.title)}{f' - {output}' if output else ''}"
        yield from _hung(text, page.width, "", "   ", page.most)


def _output(task: Task) -> str:
    """Return what is expected of a task in its own words, or what its files and checks say of it."""
    if task.output or task.criteria:
        return safe(task.output or task.criteria[0])
    made = [safe(file.path) for file in task.files if file.role == "create"]
    if made:
        return ", ".join(made)
    commands = [check.run for check in task.checks]
    return f"{safe(commands[0], 40)} passes" if len(commands) == 1 and "\n" not in commands[0] else ""


def _nodes(page: _Page) -> Iterator[tuple[int, str]]:
    depth: dict[str | None, int] = {None: -1}
    for task in page.tasks:
        depth[task.id] = at = depth[task.parent] + 1
        # A node's further lines stand six columns in from its own level.
        yield at, "\n".join(_node(task, page, max(24, page.width - 3 * at)))


def _node(task: Task, page: _Page, room: int) -> Iterator[str]:
    tag = _tag(task, page)
    name, title = safe(task.id), safe(task.title)
    fits = width_of(name) + width_of(title) + len(tag) + 3 <= room
    first, *more = wrap(f"{name} {title}", room - 3, page.most)
    if first.startswith(name):
        first = page.paint(name, "cyan") + first[len(name) :]
    yield first + (f"  {page.paint(tag, 'dim')}" if fits else "")
    yield from more
    if not fits:
        yield page.paint(clip(tag, room - 3), "dim")
    for check in task.checks:
        yield from _check(check, room - 3, page)
    if task.kind == "atomic" and not task.checks:
        yield page.paint("no check of its own" + (", judged by the gate" if page.gated else ""), "dim")
    if edges := page.incoming.get(task.id):
        yield from wrap(_after(edges), room - 3)


def _tag(task: Task, page: _Page) -> str:
    if task.kind == "composite":
        parts = [f"composite, {many(page.below[task.id], 'task')}"]
    else:
        worker = task.worker or page.workers.get(task.role, "no worker")
        manner = ", ".join(str(said) if name == "model" else f"{name} {said}" for name, said in task.manner.items())
        parts = [safe(f"atomic, {task.role}, {worker}{f' ({manner})' if manner else ''}")]
    if task.id in page.tiers:
        parts.append(safe(page.tiers[task.id]))
    if task.needs:
        parts.append(f"needs {safe(', '.join(task.needs))}")
    if task.confidence < 1:
        parts.append(f"confidence {task.confidence:g}")
    if task.state != "open":
        parts.append(_STATES.get(task.state, task.state))
    return ", ".join(parts)


def _check(check: Check, room: int, page: _Page) -> Iterator[str]:
    """Yield the lines of a check: the whole command, as it will be run."""
    unsure = page.paint(" (unsure)", "yellow") if check.confidence < MINED else ""
    last = len(lines(check.run)) - 1
    for place, line in enumerate(lines(check.run)):
        first, *more = wrap(line, room - (11 if unsure else 4))
        body = [("  " if place else "$ ") + first, *(f"    {part}" for part in more)]
        yield from body[:-1]
        yield body[-1] + (unsure if place == last else "")


def _after(edges: Sequence[Edge]) -> str:
    """Return what a task comes after: what the plan says first, then dashed what follows from its form."""
    written = [safe(edge.before) for edge in edges if edge.kind == "written"]
    words = [f"after {', '.join(written)}"] if written else []
    for edge in edges:
        if edge.kind != "written":
            sure = f" {edge.confidence:g}" if edge.confidence < 1 else ""
            words.append(f"- - after {safe(edge.before)} ({edge.kind}{sure})")
    return "; ".join(words)


def _gate(gate: Sequence[Check], page: _Page) -> Iterator[str]:
    for check in gate:
        yield from (f"  {line}" for line in _check(check, page.width - 2, page))
    if not gate:
        yield from wrap("  A task without a check of its own ends unchecked and waits for your word.", page.width)


def _batches_head(batches: Sequence[Sequence[str]], strategy: str, slots: int) -> str:
    rounds, tasks = many(len(batches), "round"), many(sum(map(len, batches)), "task")
    return f"Batches: {safe(strategy)}, {many(slots, 'slot')}; {rounds} for {tasks}, if all take equally long"


def _batches(batches: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    for number, batch in enumerate(batches, 1):
        head = f"  {number}. "
        yield from _hung(" ".join(map(safe, batch)), width, head, " " * len(head))


def _mutexes(mutexes: Mapping[str, Sequence[str]], width: int) -> Iterator[str]:
    for file, tasks in mutexes.items():
        yield from _hung(f"{safe(file)}: {', '.join(map(safe, tasks))}", width, "  ", "    ")


def _path(path: Sequence[str], width: int) -> Iterator[str]:
    shown = [*path[:_NAMED], "...", path[-1]] if len(path) > _NAMED + 1 else path
    yield from _hung(" > ".join(map(safe, shown)), width, "  ", "  ") if len(path) > 1 else ()


def _ignored_head(draft: DraftGraph) -> str:
    counted = Counter(entry.became for entry in draft.ignored)
    return "No task of their own: " + ", ".join(f"{number} {became}" for became, number in counted.most_common())


def _ignored(page: _Page) -> Iterator[str]:
    """Yield the counts by reason, then the lines that became nothing."""
    entries = page.draft.ignored
    for why, number in islice(Counter(entry.why for entry in entries).most_common(), 5):
        yield clip(f"  {number} x {safe(why)}", page.width)
    for entry in entries:
        if entry.became in ("ignored", "duplicate"):
            yield safe(f"  line {entry.line}: {entry.text.strip()}", page.width)


def _findings(page: _Page, fixes: Mapping[str, str]) -> Iterator[str]:
    """Yield each finding on lines of its own, but those of one code for many tasks together, with what mends them."""
    by_code: dict[str, list[Finding]] = {}
    for finding in page.draft.findings:
        by_code.setdefault(finding.code if finding.code in fixes else str(id(finding)), []).append(finding)
    for found in by_code.values():
        shown = found if len(found) <= _APART else found[:1]
        for finding in shown:
            yield from _bullet(_said(finding), page.width)
        if shown != found:
            others = some([finding.task or f"line {finding.line}" for finding in found[1:]], _NAMED)
            yield from _bullet(f"the same of {others} [{found[0].code}]", page.width)
        if fix := fixes.get(found[0].code):
            yield from _hung(f"-> {fix}", page.width, "    ", "    ", 4)


def _said(finding: Finding) -> str:
    parts = (f"line {finding.line}" if finding.line else "", finding.task or "")
    where = ", ".join(part for part in parts if part)
    return f"{f'{where}: ' if where else ''}{finding.message} [{finding.code}]{' (held)' if finding.hold else ''}"


def _bullet(text: str, width: int) -> Iterator[str]:
    return _hung(safe(text), width, "  - ", "    ", 4)


def _held(page: _Page) -> Iterator[str]:
    for task_id, reason in auto(page.draft).items():
        yield safe(f"  {task_id}: {reason}", page.width)
