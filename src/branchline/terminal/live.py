"""Progress of a run: a live display on a terminal, one line for each change of state elsewhere."""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TextIO

from branchline.model.moves import BUSY
from branchline.model.run import MERGED, TaskRow
from branchline.terminal.text import because, clip, duration, for_stream, mark, pad, safe

if TYPE_CHECKING:
    from rich.live import Live

_QUIET: Final = frozenset({"pending", "ready", "dispatching"})
_LASTING: Final = frozenset({"done", "failed", "blocked", "held", "cancelled", "skipped"})
_URGENT: Final = ("blocked", "held", "failed", "paused", "retrying", "cancelled", "pending", "ready")
_MAX_BUSY, _MAX_WAITING = 16, 6
_INTERVAL = 0.1


class Snapshot(NamedTuple):
    """What the display shows at one instant; times are seconds since the epoch, `began` of each last dispatch."""

    run: str
    tasks: Collection[TaskRow]
    slots_used: int
    slots_total: int
    now: float
    started: float
    began: Mapping[str, float] = {}


def counts(tasks: Iterable[TaskRow]) -> Counter[str]:
    """Return how many atomic tasks are in each state."""
    return Counter(task.state for task in tasks if task.kind != "composite")


def frame(snapshot: Snapshot, began: Mapping[str, float], width: int, height: int) -> list[str]:
    """Return the lines of the live display, none wider than `width`, at most `height` of them."""
    states = counts(snapshot.tasks)
    total = sum(states.values())
    others = [f"{number} {state}" for state, number in sorted(states.items()) if state != "done"]
    head = "  ".join(
        [
            f"run {safe(snapshot.run)}",
            f"{states['done']}/{total} done",
            *others,
            f"slots {snapshot.slots_used}/{snapshot.slots_total}",
            duration(snapshot.now - snapshot.started),
        ]
    )
    shown = [head, *_busy(snapshot, began, width), *_waiting(snapshot)]
    return [clip(line, max(1, width)) for line in shown[: max(1, height)]]


def _busy(snapshot: Snapshot, began: Mapping[str, float], width: int) -> Iterator[str]:
    busy = [task for task in snapshot.tasks if task.state in BUSY and task.kind != "composite"]
    room = max(8, min(50, width - 40))
    for task in busy[:_MAX_BUSY]:
        label = pad(f"{safe(task.task)} {safe(task.title)}", room)
        elapsed = duration(snapshot.now - began.get(task.task, task.changed))
        yield f"{mark(task.state)} {label}  {task.state:<11} {safe(task.worker):<10} {elapsed}"
    if len(busy) > _MAX_BUSY:
        yield f"  and {len(busy) - _MAX_BUSY} more"


def _waiting(snapshot: Snapshot) -> Iterator[str]:
    waiting = [task for task in snapshot.tasks if task.reason and task.state in _URGENT and task.kind != "composite"]
    waiting.sort(key=lambda task: _URGENT.index(task.state))
    for task in waiting[:_MAX_WAITING]:
        yield f"{mark(task.state)} {safe(task.task)} {task.state}: {safe(because(task.state, task.reason))}"
    if len(waiting) > _MAX_WAITING:
        yield f"  and {len(waiting) - _MAX_WAITING} more: branchline status"


def change(task: TaskRow, done: int, total: int, took: float | None) -> str:
    """Return the line of one change of state: `[done 3/7] 1.2 merged 1a2b3c4 (checked) in 12s`."""
    return f"[done {done}/{total}] {safe(task.task)} {_words(task, took)}"


def _words(task: TaskRow, took: float | None) -> str:
    elapsed = f" in {duration(took)}" if took is not None else ""
    if task.state == "done":
        what = f"merged {safe(task.commit[:7])}" if task.commit and task.reason == MERGED else "done"
        level = safe(task.evidence) or "no evidence recorded"
        return f"{what} ({level}){elapsed}"
    if task.state == "running":
        again = f", attempt {task.attempt}" if task.attempt > 1 else ""
        return f"running ({safe(task.worker) or 'worker'}{again})"
    if task.state in BUSY:
        return {"claimed": "ended, its claim is read"}.get(task.state, task.state)
    reason = f": {safe(because(task.state, task.reason))}" if task.reason else ""
    return f"{task.state}{reason}{elapsed if task.state == 'failed' else ''}"


class Progress:
    """Shows a run to a person. Whatever the terminal does, the run goes on: a display that fails falls silent.

    `live` asks for the display that redraws itself; `clock` gives seconds and spaces the redraws.
    """

    def __init__(self, stream: TextIO, live: bool, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._live: Live | None = None
        self._wanted = live
        self._gone = False
        self._drawn = float("-inf")
        self._states: dict[str, tuple[str, int]] = {}
        self._done = 0
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, snapshot: Snapshot, touched: Iterable[TaskRow] | None = None) -> None:
        """Show the snapshot: a line for each task whose state changed since the last one, and the display redrawn.

        `touched` are the rows that can have changed since then; None: any. Above the live display only the lines that
        last are written: what is done, failed or waits for a person.
        """
        changed = self._changed(snapshot, snapshot.tasks if touched is None or not self._states else touched)
        self.line(*(text for state, text in changed if not self._wanted or state in _LASTING))
        if self._wanted:
            self._draw(snapshot, bool(changed))

    def line(self, *texts: str) -> None:
        """Write lines for good, above the live display if there is one."""
        text = "\n".join(map(safe, texts))
        if self._live is None or not text:
            self._write(text)
            return
        with self._display():
            from rich.text import Text

            self._live.console.print(Text(for_stream(text, self._stream)), soft_wrap=True)

    def close(self) -> None:
        """Take the live display away; safe to call twice and after ^C."""
        self._wanted = False
        self.pause()

    def pause(self) -> None:
        """Take the live display away until the next update, so that a person can be asked something."""
        live, self._live = self._live, None
        if live is not None:
            with self._display():
                live.stop()

    def _changed(self, snapshot: Snapshot, rows: Iterable[TaskRow]) -> list[tuple[str, str]]:
        first, told = not self._states, []
        for task in rows:
            now, before = (task.state, task.attempt), self._states.get(task.task)
            if now == before or task.kind == "composite":
                continue
            self._states[task.task] = now
            self._done += (task.state == "done") - (before is not None and before[0] == "done")
            if task.state in BUSY and (before is None or before[0] not in BUSY or before[1] != task.attempt):
                taken_up = snapshot.began.get(task.task, 0.0) if before is None else 0.0
                self._began[task.task] = taken_up or task.changed or snapshot.now
            if self._tells(task, before, first):
                told.append(task)
        total = len(self._states)
        return [(task.state, change(task, self._done, total, self._took(task, snapshot.now))) for task in told]

    @staticmethod
    def _tells(task: TaskRow, before: tuple[str, int] | None, first: bool) -> bool:
        if first:
            return task.state in BUSY - _QUIET
        reopened = before is not None and before[0] in ("done", "failed", "cancelled", "skipped")
        return task.state not in _QUIET or reopened

    def _took(self, task: TaskRow, now: float) -> float | None:
        began = self._began.get(task.task)
        return None if began is None else (task.changed or now) - began

    def _draw(self, snapshot: Snapshot, urgent: bool) -> None:
        now = self._clock()
        if self._gone or (not urgent and 0 <= now - self._drawn < _INTERVAL):
            return
        self._drawn = now
        with self._display():
            from rich.text import Text

            live = self._live or self._start()
            shown = frame(snapshot, self._began, live.console.width - 1, live.console.height - 1)
            live.update(Text(for_stream("\n".join(shown), self._stream), no_wrap=True), refresh=True)

    def _start(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        class Quiet(Console):
            def on_broken_pipe(self) -> None:
                self.quiet = True  # rich would end the whole program, and with it the run
                raise BrokenPipeError

        console = Quiet(file=self._stream, force_terminal=True, highlight=False, markup=False, emoji=False)
        if console.width < 1:  # a terminal that does not know its size
            console.width = 80
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()
        console.show_cursor(True)  # rich hides it; left visible, not even kill -9 leaves a terminal without one
        return self._live

    @contextlib.contextmanager
    def _display(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # the terminal went away, or takes less than it said: the run goes on unseen
            self._gone, self._live = True, None

    def _write(self, text: str) -> None:
        if self._gone or not text:
            return
        with self._display():
            self._stream.write(for_stream(text, self._stream) + "\n")
            self._stream.flush()
