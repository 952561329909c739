"""Ways through a directed graph: what one leads to; cycles of one of numbers, found or broken one edge at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence

_NEW, _OPEN, _CLOSED = 0, 1, 2


def reached(start: str, after: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """All that `start` leads to, near or far, as it is found; `start` itself only where it stands in a circle."""
    seen, todo = set[str](), [start]
    while todo:
        for each in after(todo.pop()):
            if each not in seen:
                seen.add(each)
                todo.append(each)
                yield each


def break_cycles(
    successors: Sequence[Sequence[int]], drop: Callable[[list[int]], tuple[int, int] | None]
) -> list[int] | None:
    """Show each cycle found to `drop`, which answers with the edge of it to leave out, or None to stop there.

    A cycle is a list of nodes, each the successor of the one before it and the first that of the last. Returns the
    cycle at which `drop` stopped, or None when no cycle is left. Depth-first without recursion; nodes that were closed
    stay closed when an edge goes, so the work is linear but for the stretch of the path that is walked again.
    """
    colour = bytearray(len(successors))
    dropped: set[tuple[int, int]] = set()
    for root in range(len(successors)):
        if colour[root] == _NEW:
            stop = _walk(root, successors, colour, dropped, drop)
            if stop is not None:
                return stop
    return None


def _walk(
    root: int,
    successors: Sequence[Sequence[int]],
    colour: bytearray,
    dropped: set[tuple[int, int]],
    drop: Callable[[list[int]], tuple[int, int] | None],
) -> list[int] | None:
    path, steps = [root], [0]
    colour[root] = _OPEN
    while path:
        node, step = path[-1], steps[-1]
        if step == len(successors[node]):
            colour[node] = _CLOSED
            path.pop()
            steps.pop()
            continue
        steps[-1] = step + 1
        target = successors[node][step]
        if colour[target] == _CLOSED or (node, target) in dropped:
            continue
        if colour[target] == _NEW:
            colour[target] = _OPEN
            path.append(target)
            steps.append(0)
            continue
        cycle = path[path.index(target) :]
        edge = drop(cycle)
        if edge is None:
            return cycle
        dropped.add(edge)
        while path[-1] != edge[0]:
            colour[path.pop()] = _NEW
            steps.pop()
    return None
