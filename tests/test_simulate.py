"""The virtual clock: real schedules of the real scheduler, reservations that never stop a run, and the command."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.engine import Policy
from branchline.errors import BranchlineError, InputError
from branchline.graph.adjacency import Adjacency
from branchline.graph.store import net, parts
from branchline.model.plan import DraftGraph
from branchline.model.run import AttemptRow, Changes, Event, RunRow, TaskRow
from branchline.report import report, report_text
from branchline.schedule import STRATEGIES, choose
from branchline.schedule.durations import Times, noisy
from branchline.schedule.reserve import MOST, reserve
from branchline.simulate import Case, dice, instance, result
from branchline.terminal.gantt import Bar, gantt, gantt_svg
from branchline.workflow import simulate as workflow
from branchline.workflow.approval import case_of, preview
from branchline.workflow.console import Console
from branchline.workflow.estimates import touches
from branchline.workflow.hindsight import hindsight
from branchline.workflow.plan import Reading, read_draft
from branchline.workflow.project import Project, open_project
from branchline.workflow.reviewing import show
from schedule_faults import faults
from test_graph_drafts import nodes_of, pairs, trees, without_circles

EXAMPLES = 60 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


@st.composite
def cases(draw: Any) -> Case:
    tree = draw(trees(9))
    nodes = nodes_of(tree)
    adjacency = Adjacency.build(nodes, without_circles(nodes, draw(pairs([task for task, _ in tree]))))
    units = st.integers(0, 2)
    return Case(
        adjacency,
        {leaf: float(draw(st.integers(0, 9))) for leaf in adjacency.leaves},
        draw(st.integers(0, 3)),
        {leaf: {"gpu": draw(units)} for leaf in adjacency.leaves},
        {"gpu": 2},
        {leaf: draw(st.sets(st.sampled_from("xyz"), max_size=1)) for leaf in adjacency.leaves},
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases(), st.sampled_from(STRATEGIES), st.sampled_from([0.0, 0.001]), st.sampled_from([0.0, 1.0]))
def test_every_strategy_ends_and_keeps_every_limit_whatever_the_tasks_really_take(
    case: Case, strategy: str, optimise: float, sigma: float
) -> None:
    real = noisy(case.todo(), sigma, dice())
    found = result(case, strategy, real, optimise, dice)
    starts = {span.id: span.start for span in found.schedule}
    assert sorted(starts) == sorted(case.adjacency.leaves)
    assert all(span.end == pytest.approx(span.start + real[span.id]) for span in found.schedule)
    assert found.makespan >= found.bound - 1e-9
    assert faults_of(case, real, starts) == []
    assert result(case, strategy, real, optimise, dice) == found


def test_nothing_takes_no_time() -> None:
    empty = Case(Adjacency.build([]), {})
    assert result(empty, "critical-path", {}, 0.01, dice).makespan == 0
    assert result(empty, "critical-path", {"none": 1.0}, 0.01, dice).schedule == []


def faults_of(case: Case, real: dict[str, float], starts: dict[str, float]) -> list[str]:
    """The faults of a schedule of leaves: a composite's points are as early as what is before them ends."""
    problem = case.problem(real)
    at: list[float] = [0.0] * len(problem.order)
    for task in problem.order:
        ready = max((at[before] + problem.duration[before] for before in problem.before[task]), default=0.0)
        at[task] = starts[problem.names[task]] if task < len(problem.names) else ready
    return faults(problem, at)


WAITING = Case(
    Adjacency.build([(name, None, "atomic") for name in ("short", "first", "long", "after")],
                    [("first", "long"), ("long", "after")]),
    {"first": 1.0, "long": 9.0, "after": 4.0, "short": 4.0},
    3,
    {"long": {"gpu": 1}, "short": {"gpu": 1}},
)  # fmt: skip


def test_an_optimised_order_lets_a_task_wait_on_purpose() -> None:
    assert result(WAITING, "critical-path", WAITING.expected, 0.0, dice).makespan == 17
    found = result(WAITING, "critical-path", WAITING.expected, 0.01, dice)
    assert (found.makespan, found.bound, found.gap) == (14, 14, 0)
    assert found.utilisation == pytest.approx(13 / 14)


def test_nobody_waits_for_a_task_that_is_far_too_late_and_not_for_one_that_cannot_start() -> None:
    """`short` waits for `first` to end; twice its time is enough of that, and a person's answer is not waited for."""
    ahead = reserve(WAITING.problem(WAITING.expected), times := Times({"first": 0.0}, {}), dice, 0.01)
    assert ahead is not None
    running = WAITING.view()._replace(due=ahead.due, state={"first": "running"}, now=1.9)
    assert choose(running, "critical-path") == []
    assert choose(running._replace(now=2.0), "critical-path") == ["short"]
    times.began.clear()
    blocked = running._replace(state={"first": "blocked"}, now=0.0)
    assert choose(blocked, "critical-path") == ["short"]


@pytest.mark.parametrize(
    ("took", "chosen"),
    [((1.0, 1.0), []), ((1000.0, 1000.0), []), ((0.001, 1000.0), ["short"])],
    ids=["as expected", "all alike too late", "anything"],
)
def test_nobody_waits_for_an_order_whose_estimates_are_worth_nothing(
    took: tuple[float, float], chosen: list[str]
) -> None:
    names = ["p", "q", *WAITING.adjacency.leaves]
    net = Adjacency.build([(name, None, "atomic") for name in names], [("first", "long"), ("long", "after")])
    case = WAITING._replace(adjacency=net, expected={**WAITING.expected, "p": 1.0, "q": 1.0}, slots=5)
    ahead = reserve(case.problem(case.expected), Times({}, dict(zip("pq", took, strict=True))), dice, 0.01)
    assert ahead is not None
    done = {"p": "done", "q": "done", "first": "running"}
    assert choose(case.view()._replace(due=ahead.due, state=done), "critical-path") == chosen


def test_too_many_tasks_are_taken_greedily() -> None:
    adjacency = Adjacency.build([(f"{number}", None, "atomic") for number in range(MOST + 1)])
    assert reserve(Case(adjacency, {}, 2).problem({}), Times({}, {}), dice, 1.0) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "an object with tasks"),
        ({"tasks": [1]}, "an object with tasks"),
        ({"tasks": [{"id": "a", "duration": -1}]}, "task a: duration must be a number"),
        ({"tasks": [{"id": "a", "duration": True}]}, "task a: duration must be a number"),
        ({"tasks": [{"id": "a", "depends_on": "b"}]}, "task a: depends_on must be a list"),
        ({"tasks": [{"id": "a", "depends_on": ["b"]}]}, "there is no task b"),
        ({"tasks": [{"id": "a", "depends_on": ["a"]}]}, "task a depends on itself"),
        ({"tasks": [{"id": "a", "demand": {"R": 1.5}}]}, "task a: demand: must be whole numbers"),
        ({"tasks": [{"id": "a", "demand": {"R": 2}}], "capacity": {"R": 1}}, "task a needs 2 of R, there are only 1"),
        *(
            ({"tasks": [{"id": "a"}], "slots": none}, "slots must be .* from 1 on")
            for none in (-1, 0, True, False, "", [])
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_task_and_field(data: Any, words: str) -> None:
    with pytest.raises((InputError, BranchlineError), match=words):
        case = instance(data, "x.json")
        case.problem(case.expected)


def told(tmp_path: Path, data: Any, jobs: int | None = None, svg: str = "", **how: Any) -> Any:
    (tmp_path / "x.json").write_text(json.dumps(data))
    console = Console(tmp_path, {}, io.StringIO(), lambda _: "", lambda _: 0)
    wanted = workflow.How(jobs, "all", 0.01, 0.0, dice)._replace(**how)
    return workflow.simulate(console, "x.json", wanted, svg)


TASKS = {
    "tasks": [
        {"id": "short", "duration": 4, "demand": {"gpu": 1}},
        {"id": "first", "duration": 1},
        {"id": "long", "duration": 9, "depends_on": ["first"], "demand": {"gpu": 1}},
        {"id": "after", "duration": 4, "depends_on": ["long"]},
    ],
    "slots": 2,
}


def test_the_command_compares_the_strategies_and_shows_the_best(tmp_path: Path) -> None:
    answer = told(tmp_path, TASKS, svg="chart.svg")
    data = answer.data
    assert (data["strategy"], data["makespan"], data["bound"], data["gap"]) == ("critical-path", 14, 14, 0)
    assert data["strategies"][0]["strategy"] == "critical-path"
    assert {each["strategy"]: each["makespan"] for each in data["strategies"]}["depth-first"] == 17
    assert data["critical_path"] == ["first", "long", "after"]
    assert data["one_more_slot"] == 14
    assert {span["id"]: (span["start"], span["end"]) for span in data["schedule"]}["long"] == (1, 10)
    assert "Critical path: first > long > after" in answer.text
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert told(tmp_path, TASKS, jobs=1, strategy="depth-first").data["makespan"] == 18
    assert told(tmp_path, TASKS, noise=0.5).data != data


PLAN = """# A plan

- [ ] 1 Short
  - Estimate: 1h
- [ ] 2 Also short
  - Estimate: 1h
- [ ] 3 Long
  - Estimate: 2h
"""


def drafted(tmp_path: Path, text: str, settings: str) -> tuple[Project, DraftGraph]:
    (tmp_path / "plan.md").write_text(text)
    (tmp_path / "branchline.toml").write_text(settings)
    console = Console(tmp_path, {}, io.StringIO(), lambda _: "", lambda _: 0)
    project = open_project(console)
    draft = read_draft(console, project, tmp_path / "plan.md", Reading()).draft
    assert draft is not None
    return project, draft


def test_the_review_says_how_long_it_takes_and_what_another_strategy_saves(tmp_path: Path) -> None:
    """In the plan's order the long task starts when the short ones are done."""
    project, draft = drafted(tmp_path, PLAN, "jobs = 2")
    shown = show(Console(tmp_path, {}, io.StringIO(), lambda _: "", lambda _: 0), project, draft, "d")
    assert "3h 00m with depth-first; critical-path would save 1h 00m; no earlier run tells what it costs" in " ".join(
        shown.split()
    )
    assert workflow.quickest(project, draft, 2) == "critical-path"
    assert workflow.quickest(project, draft, 1) == "depth-first"


def test_what_tasks_like_them_cost_before_is_what_they_are_expected_to_cost(tmp_path: Path) -> None:
    """Three builds cost 1, 2 and 30 usd: three tasks take three times the middle; what is done costs no more."""
    project, draft = drafted(tmp_path, PLAN + "- [x] 4 Done\n", "")
    rows = [TaskRow("r1", f"{n}", n, "", "atomic", None, 1, "build", "", "done", attempt=1) for n in range(3)]
    attempts = [
        AttemptRow("r1", n, f"{n}", 1, "work", "ended", "build", intended=1.0, ended=9.0, cost=usd)
        for n, usd in enumerate((30.0, 1.0, 2.0))
    ]
    with project.store() as store:
        store.create_run(RunRow("r1", "old.md", "d", "done", "", "", 0.0, 9.0, "{}", "{}"), rows, 0.0)
        store.commit(Changes(attempts=tuple(attempts)))
    assert "; costs about 6.00 usd" in preview(project, draft, Policy(slots=2))
    assert result(case_of(project, draft, 2), "depth-first", {}, 0.0, dice).cost == 6


def test_a_task_that_names_no_file_is_expected_to_touch_what_its_like_touched(tmp_path: Path) -> None:
    """`Also short 7` is like `Also short`; a task that names its files is believed, and of `Long` nothing is known."""
    project, draft = drafted(tmp_path, PLAN.replace("1 Short", "1 Short\n  - Files: `own.py`"), "")
    rows = [
        TaskRow("r1", f"{n}", n, title, "atomic", None, 1, "build", "", "done")
        for n, title in enumerate(("Also short 7", "Short"))
    ]
    events = [Event(1.0, "r1", "done", "", row.task, 1, None, {"files": ["a.py"]}) for row in rows]
    with project.store() as store:
        store.create_run(RunRow("r1", "old.md", "d", "done", "", "", 0.0, 9.0, "{}", "{}"), rows, 0.0)
        store.commit(Changes(events=tuple(events)))
        likely = touches(store, draft)
    assert likely == {"2": {"a.py": True}}
    assert json.loads(net(draft, likely=likely))["touch"] == likely


def test_a_plan_of_which_a_task_can_never_start_has_no_preview(tmp_path: Path) -> None:
    project, draft = drafted(tmp_path, PLAN + "- [ ] 4 Hungry\n  - Needs: gpu\n", "[resources]\ngpu = 0\n")
    assert preview(project, draft, Policy(slots=2)) == ""


def test_after_a_run_its_order_is_weighed(tmp_path: Path) -> None:
    """On two slots the long task waited for the short ones: three hours where two would have been enough."""
    _, draft = drafted(tmp_path, PLAN, "")
    run = RunRow("r1", "plan.md", "d", "done", "", "", 0.0, 9e4, '{"slots": 2}', parts(draft)[0], net(draft))
    rows = [
        TaskRow("r1", task.id, place, task.title, "atomic", None, 1, "build", "shell", "done", attempt=2)
        for place, task in enumerate(draft.tasks)
    ]
    times = {"1": (100.0, 3700.0), "2": (100.0, 3700.0), "3": (3700.0, 10_900.0)}
    attempts = [
        AttemptRow("r1", 0, "1", 1, "work", "ended", intended=1.0, ended=2.0),
        *(
            AttemptRow("r1", int(task), task, 2, "work", "ended", intended=start, ended=end)
            for task, (start, end) in times.items()
        ),
    ]
    found = hindsight(attempts, run, rows)
    assert found is not None
    assert (found["took"], found["best"], found["bound"], found["strategy"]) == (10_800, 7200, 7200, "critical-path")
    assert [task["waited"] for task in found["tasks"]] == [0, 0, 3600]
    assert [task["expected"] for task in found["tasks"]] == [3600, 3600, 7200]
    told = report_text(report(run, rows, attempts, schedule=found))
    assert "schedule: 3h 00m, at best 2h 00m with critical-path; no order could take less than 2h 00m" in told
    assert [task["cost"] for task in found["tasks"]] == [0, 0, 3600]
    assert "waits: 1 task, 1h 00m in all; the end came later by 1h 00m: 3 (1h 00m)" in told
    assert "estimates: 3 tasks took 4h 00m, the plan said 4h 00m" in told
    assert hindsight(attempts, run, rows[:1]) is None
    assert hindsight([row._replace(intended=100.0, ended=100.05) for row in attempts[1:]], run, rows) is None


def test_no_run_is_said_to_have_been_quicker_than_it_can_be(tmp_path: Path) -> None:
    """One slot, and each merge beside the work of the next task: three hours, though the tasks lasted four in all."""
    _, draft = drafted(tmp_path, "# P\n- [ ] 1 One\n- [ ] 2 Two\n", "")
    settings = '{"slots": 1, "flags": {"strategy": "hybrid"}}'
    run = RunRow("r1", "plan.md", "d", "done", "", "", 0.0, 9e4, settings, parts(draft)[0], net(draft))
    rows = [
        TaskRow("r1", t.id, n, t.title, "atomic", None, 1, "build", "shell", "done", attempt=1)
        for n, t in enumerate(draft.tasks)
    ]
    times = [
        ("1", "work", 0.0, 3600.0),
        ("1", "merge", 3600.0, 7200.0),
        ("2", "work", 3600.0, 7200.0),
        ("2", "merge", 7200.0, 10_800.0),
    ]
    attempts = [
        AttemptRow("r1", n, task, 1, what, "ended", intended=start, ended=end)
        for n, (task, what, start, end) in enumerate(times)
    ]
    found = hindsight(attempts, run, rows)
    assert found is not None
    assert (found["took"], found["best"], found["bound"], found["strategy"]) == (10_800, 10_800, 7200, "hybrid")


def test_the_chart_has_a_line_a_task_and_cannot_be_broken_by_a_title() -> None:
    bars = [Bar("a\x1b[2J<b>", 0, 5, True), Bar("c", 5, 10)]
    assert gantt(bars, 30, "{:g}".format) == [
        "a\\x1b[2J<b> |████████",
        "c           |        ░░░░░░░░",
        "            |0             10",
    ]
    assert gantt([], 30, "{:g}".format)[-1].endswith("1")
    picture = gantt_svg(bars, "{:g}".format)
    assert "<b>" not in picture
    assert picture.count("<rect") == 3
