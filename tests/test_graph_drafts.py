"""Random draft graphs for the property tests of this room, and that they are sound themselves."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.graph.adjacency import Adjacency
from branchline.graph.laws import check_draft
from branchline.model.plan import Check, DraftGraph, Edge, FileRef, Finding, Ignored, Task

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINES = st.none() | st.integers(1, 10_000)
SHARE = st.floats(0, 1)
IDS = st.from_regex(r"[A-Za-z]{0,2}[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
CHECKS = st.builds(Check, TEXT.filter(bool), TEXT.filter(bool), SHARE, LINES)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)


@st.composite
def trees(draw: Any, size: int = 12) -> list[tuple[str, str | None]]:
    """Ids with their parents, in document order, at most four levels."""
    ids = draw(st.lists(IDS, min_size=1, max_size=size, unique_by=str.lower))
    depth: dict[str, int] = {}
    found: list[tuple[str, str | None]] = []
    for task_id in ids:
        parent = draw(st.none() | st.sampled_from([None, *(each for each in depth if depth[each] < 3)]))
        depth[task_id] = depth[parent] + 1 if parent else 0
        found.append((task_id, parent))
    return found


@st.composite
def pairs(draw: Any, ids: list[str], size: int = 12) -> list[tuple[str, str]]:
    """Ordered pairs of ids, anything goes."""
    one = st.sampled_from(ids)
    found: list[tuple[str, str]] = draw(st.lists(st.tuples(one, one), max_size=size, unique=True))
    return found


def nodes_of(tree: list[tuple[str, str | None]]) -> list[tuple[str, str | None, str]]:
    """The tree as Adjacency takes it."""
    with_children = {parent for _, parent in tree}
    return [(each, parent, "composite" if each in with_children else "atomic") for each, parent in tree]


def without_circles(nodes: list[tuple[str, str | None, str]], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges but for the last of every circle."""
    gone: set[tuple[str, str]] = set()

    def drop(_path: list[str], on_it: list[tuple[str, str]]) -> tuple[str, str]:
        gone.add(on_it[-1])
        return on_it[-1]

    Adjacency.build(nodes, edges).break_cycles(drop)
    return [edge for edge in edges if edge not in gone]


@st.composite
def drafts(draw: Any) -> DraftGraph:
    """Sound drafts with every field in use."""
    nodes = nodes_of(draw(trees()))
    ids = [each for each, _, _ in nodes]
    tasks = tuple(
        Task(
            id=task_id,
            title=draw(TEXT.filter(bool)),
            kind=kind,  # type: ignore[arg-type]
            parent=parent,
            line=draw(LINES),
            state=draw(st.sampled_from(["open", "wip", "done", "declined", "deferred"])),
            role=draw(st.sampled_from(["build", "research", "brainstorm"])),
            worker=draw(st.none() | TEXT),
            model=draw(st.none() | TEXT),
            files=tuple(
                FileRef(path, draw(st.sampled_from(["create", "modify", "test", "mention"])))
                for path in draw(st.lists(TEXT.filter(bool), max_size=2))
            ),
            checks=draw(st.lists(CHECKS, max_size=2).map(tuple)),
            criteria=draw(TEXTS),
            output=draw(TEXT),
            needs=draw(TEXTS),
            instructions=draw(TEXTS),
            estimate=draw(st.none() | st.floats(0, 1e6)),
            confidence=draw(SHARE),
            rule=draw(TEXT),
            body=draw(TEXT | st.lists(TEXT, max_size=3).map("\n".join)),
            extra=draw(st.dictionaries(TEXT, JSON, max_size=2)),
        )
        for task_id, parent, kind in nodes
    )
    kinds = st.sampled_from(["written", "phase", "sequence", "inferred"])
    edges = tuple(
        Edge(before, after, draw(kinds), draw(LINES), draw(SHARE))
        for before, after in without_circles(nodes, draw(pairs(ids)))
    )
    owners = st.none() | st.sampled_from(ids)
    return DraftGraph(
        *(draw(TEXT) for _ in range(4)),
        tasks=tasks,
        edges=edges,
        gate=draw(st.lists(CHECKS, max_size=2).map(tuple)),
        request=draw(TEXT),
        findings=draw(st.lists(st.builds(Finding, TEXT, TEXT, LINES, owners, st.booleans()), max_size=2).map(tuple)),
        ignored=draw(st.lists(st.builds(Ignored, st.integers(1, 99), TEXT, TEXT, TEXT), max_size=2).map(tuple)),
    )


@settings(deadline=None, max_examples=30)
@given(drafts())
def test_random_drafts_keep_the_laws(draft: DraftGraph) -> None:
    assert len(check_draft(draft).order) == len(draft.tasks)
