"""What tasks are expected to take: estimates, medians of the past, and how few of them count for little."""

from math import exp, log
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.graph.adjacency import Adjacency
from branchline.schedule.durations import USUAL, Kind, Outlook, Past, remaining
from branchline.simulate import dice

BUILD = Kind("build", "shell")
SECONDS = st.floats(1, 1e6)
ROWS = st.lists(
    st.builds(
        Past,
        st.builds(Kind, st.sampled_from(["build", "research"]), st.sampled_from(["shell", "opencode"])),
        SECONDS,
        st.just(0.0) | SECONDS,
    ),
    max_size=12,
)


def expected(tasks: dict[str, tuple[Kind, float]], past: list[Past] | None = None) -> dict[str, float]:
    return Outlook(tasks, past or ()).expected()


def test_without_a_past_a_task_takes_its_estimate_or_the_usual_time() -> None:
    assert expected({"a": (BUILD, 7200.0), "b": (BUILD, 0.0)}) == pytest.approx({"a": 7200.0, "b": USUAL})


def test_estimates_are_corrected_by_what_tasks_like_them_took() -> None:
    """Ten builds took a tenth of their estimate; so will the eleventh, and the two kinds do not touch each other."""
    past = [Past(BUILD, 720.0, 7200.0)] * 200 + [Past(Kind("research", "shell"), 9e9, 1.0)]
    found = expected({"a": (BUILD, 3600.0), "b": (BUILD, 36_000.0), "c": (BUILD, 0.0)}, past)
    assert found == pytest.approx({"a": 360.0, "b": 3600.0, "c": 720.0}, rel=0.06)


def test_few_tasks_of_a_kind_are_drawn_towards_the_wider_kind() -> None:
    past = [Past(BUILD, 100.0)] * 300 + [Past(Kind("build", "opencode"), 10_000.0)]
    few = expected({"a": (Kind("build", "opencode"), 0.0)}, past)["a"]
    many = expected({"a": (Kind("build", "opencode"), 0.0)}, past + past[-1:] * 300)["a"]
    assert 100 < few < 1000 < many < 10_000
    unknown = expected({"a": (Kind("build", "codex"), 0.0)}, past)["a"]
    assert unknown == pytest.approx(100, rel=0.1)


@given(ROWS, SECONDS)
def test_what_is_expected_lies_between_the_shortest_and_the_longest_that_is_known(
    past: list[Past], estimate: float
) -> None:
    tasks = {"a": (Kind("build", "shell"), 0.0), "b": (Kind("build", "shell"), estimate)}
    found = expected(tasks, past)
    spans = [USUAL, *(row.seconds for row in past)]
    ratios = [1.0, *(row.seconds / row.estimate for row in past if row.estimate)]
    assert min(spans) * 0.999 <= found["a"] <= max(spans) * 1.001
    assert min(ratios) * 0.999 <= found["b"] / estimate <= max(ratios) * 1.001
    assert expected(tasks, past[::-1]) == pytest.approx(found)


@given(st.lists(SECONDS, min_size=1, max_size=9))
def test_of_one_kind_it_is_the_median_drawn_once_towards_what_is_usual(seconds: list[float]) -> None:
    share = 3 / (len(seconds) + 3)
    middle = median(map(log, seconds))
    found = expected({"a": (BUILD, 0.0)}, [Past(BUILD, each) for each in seconds])["a"]
    assert found == pytest.approx(exp(middle * (1 - share) + log(USUAL) * share))


def test_of_many_guesses_side_by_side_the_longest_is_waited_for() -> None:
    """By what is expected alone, `few` and `many` have two tasks' time left; by what may be, six say more than one."""
    wide = [f"w{number}" for number in range(6)]
    net = Adjacency.build(
        [(name, None, "atomic") for name in ("few", "many", "one", *wide)],
        [("few", "one"), *(("many", name) for name in wide)],
    )
    plain, drawn = net.rank(), remaining(net, {}, net.leaves, dice())
    assert plain["few"] == plain["many"] < drawn["few"] * 1.2 < drawn["many"]
    assert remaining(net, {}, net.leaves, dice()) == drawn
    twins = Adjacency.build([(name, None, "atomic") for name in "abcd"], [("a", "b"), ("c", "d")])
    found = remaining(twins, {}, twins.leaves, dice())
    assert (found["a"], found["b"]) == (found["c"], found["d"]), "what is alike stays in the plan's order"
    assert remaining(net, {"few": 2.0}, (), dice()) == net.rank({"few": 2.0})
