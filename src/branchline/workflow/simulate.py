"""Play a plan, or a file of tasks with durations, on a virtual clock."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline import simulate as virtual
from branchline.errors import InputError, UsageError
from branchline.files import read_json, write_durable
from branchline.graph import store as graphs
from branchline.model.plan import DraftGraph
from branchline.schedule import STRATEGIES
from branchline.schedule.durations import noisy
from branchline.terminal import duration, many, safe
from branchline.terminal.gantt import Bar, gantt, gantt_svg
from branchline.workflow.answer import Answer
from branchline.workflow.approval import case_of, cost_words
from branchline.workflow.console import Console
from branchline.workflow.plan import Reading, read_draft
from branchline.workflow.project import Project, find_plan, graph_path, open_project

_BARS: Final = 60


class How(NamedTuple):
    """How to play: `jobs` None is the settings' or the file's, `optimise` is seconds, `dice` gives dice that fall alike."""

    jobs: int | None
    strategy: str
    optimise: float
    noise: float
    dice: Callable[[], Callable[[], float]]


class Played(NamedTuple):
    """A case with what each strategy makes of it, the shortest first, the shortest with one more slot, and the longest path."""

    case: virtual.Case
    results: list[virtual.Result]
    wider: virtual.Result | None
    critical: list[str]


def simulate(console: Console, name: str, how: How, svg: str) -> Answer:
    """What each strategy makes of a plan, or of a file of tasks; the chart of the best, and what one more slot saves."""
    if how.noise < 0 or how.noise > 10 or (how.jobs is not None and how.jobs < 1):
        raise UsageError("--noise must be from 0 to 10 and -j at least 1")
    case, titles, say = _case(console, name, how)
    played = play(case, how)
    best, critical = played.results[0], set(played.critical)
    bars = [
        Bar(f"{span.id} {titles.get(span.id, '')}".strip(), span.start, span.end, span.id in critical)
        for span in sorted(best.schedule, key=lambda span: (span.start, span.end))
    ]
    if svg:
        write_durable(console.directory / svg, gantt_svg(bars, say))
    text = [*_table(played, say), "", *gantt(bars[:_BARS], console.width(), say)]
    if len(bars) > _BARS:
        text.append(f"{len(bars) - _BARS:,} more tasks are in --json and --svg")
    return Answer(_data(played, svg), "\n".join(text))


def play(case: virtual.Case, how: How) -> Played:
    """The results of one strategy or of all."""
    real = noisy(case.todo(), how.noise, how.dice())
    wanted = STRATEGIES if how.strategy == "all" else (how.strategy,)
    results = [virtual.result(case, each, real, how.optimise, how.dice) for each in wanted]
    results.sort(key=lambda each: each.makespan)
    more = case._replace(slots=case.slots + 1) if case.slots else None
    wider = virtual.result(more, results[0].strategy, real, how.optimise, how.dice) if more else None
    return Played(case, results, wider, case.adjacency.critical_path(case.todo()))


def quickest(project: Project, draft: DraftGraph, slots: int) -> str:
    """The strategy under which a graph is expected to take the shortest; among equals the first of STRATEGIES."""
    case, seconds = case_of(project, draft, slots), project.settings.optimise
    return min(STRATEGIES, key=lambda each: virtual.result(case, each, case.todo(), seconds, virtual.dice).makespan)


def _case(console: Console, name: str, how: How) -> tuple[virtual.Case, Mapping[str, str], Callable[[float], str]]:
    """The case, the titles of its tasks, and how its times are said."""
    project = open_project(console)
    path = find_plan(console, project, name)
    data = read_json(path) if path.suffix == ".json" and path.is_file() else None
    tasks = data.get("tasks") if isinstance(data, dict) else None
    if isinstance(tasks, list) and any(isinstance(task, dict) and "duration" in task for task in tasks):
        case = virtual.instance(data, name)
        return case._replace(slots=how.jobs or case.slots), {}, "{:g}".format
    stored = graph_path(path)
    draft = (
        graphs.read(stored) if stored.exists() else read_draft(console, project, path, Reading(planner="rules")).draft
    )
    if draft is None:
        raise InputError(f"{name}: no tasks were found, so there is nothing to play")
    titles = {task.id: task.title for task in draft.tasks}
    return case_of(project, draft, how.jobs or project.settings.jobs), titles, duration


def _data(played: Played, svg: str) -> dict[str, Any]:
    best, wider = played.results[0], played.wider
    return {
        **_result(best),
        "critical_path": played.critical,
        "strategies": [_result(each) for each in played.results],
        "one_more_slot": wider.makespan if wider else None,
        "schedule": [span._asdict() for span in best.schedule],
        **({"svg": str(Path(svg))} if svg else {}),
    }


def _result(found: virtual.Result) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("strategy", "makespan", "bound", "gap", "utilisation", "cost")}


def _table(played: Played, say: Callable[[float], str]) -> Sequence[str]:
    best, case = played.results[0], played.case
    slots = f" on {many(case.slots, 'slot')}" if case.slots else ""
    lines = [
        f"{many(len(best.schedule), 'task')}{slots}; nothing can take less than {say(best.bound)}",
        f"{'strategy':<16}{'takes':>12}{'over that':>12}{'in use':>12}",
    ]
    lines += [
        f"{each.strategy:<16}{say(each.makespan):>12}{each.gap:>12.1%}{each.utilisation:>12.0%}"
        for each in played.results
    ]
    lines += [f"It {cost_words(best.cost)}"] if best.cost is not None else []
    path = [safe(leaf) for leaf in played.critical]
    lines.append(f"Critical path: {' > '.join(path[:12])}{' > ...' if len(path) > 12 else ''}")
    if played.wider:
        lines.append(f"One more slot: {say(played.wider.makespan)} with {played.wider.strategy}")
    return lines
