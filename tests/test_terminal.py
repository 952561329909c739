"""terminal: what a person sees is what was written, and nothing in it can move the cursor."""

import io
import os
import pty
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.run import TaskRow
from branchline.terminal.live import Progress, Snapshot, frame
from branchline.terminal.text import (
    because,
    clip,
    colour,
    duration,
    for_stream,
    lines,
    mark,
    pad,
    reader,
    safe,
    tree,
    use_boxes,
    use_colour,
    width_of,
    wrap,
)

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=60)


class Tty(io.StringIO):
    """A terminal that only remembers."""

    def isatty(self) -> bool:
        return True


class Narrow(io.TextIOWrapper):
    """A stream whose encoding has no box lines."""

    def __init__(self, encoding: str = "ascii") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, _: str) -> int:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


HOSTILE = {
    "\u202eexe.cod\u202c safe \u2066task\u2069": "\\u202eexe.cod\\u202c safe \\u2066task\\u2069",
    "\x1b]0;owned\x07": "\\x1b]0;owned\\x07",
    "\x9b31m": "\\x9b31m",
    "\r[Y/n] y": "\\x0d[Y/n] y",
    "one\ntwo\ttab": "one\\x0atwo\\x09tab",
    "\u2028\u2029": "\\u2028\\u2029",
    "[/nonexistent] [bold]x[/]": "[/nonexistent] [bold]x[/]",
    "tag\U000e0041": "tag\\U000e0041",
    "lone \ud83d": "lone \\ud83d",
    "zero\u200bwidth\ufeff": "zero\\u200bwidth\\ufeff",
    "Ünïcödé 計画 👩‍💻": "Ünïcödé 計画 👩‍💻",
    "rm\u200d -rf": "rm\\u200d -rf",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_safe_shows_what_would_be_hidden(text: str, shown: str) -> None:
    assert safe(text) == shown


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT)
def test_safe_leaves_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = safe(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(char) for char in shown} & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    assert safe(shown) == shown
    assert len(shown.splitlines()) <= 1


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT, st.integers(0, 40))
def test_clip_and_pad_keep_to_the_width(text: str, width: int) -> None:
    assert width_of(clip(safe(text), width)) <= width
    assert width_of(pad(safe(text), width)) == width


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("ab 計é\u0301"), max_size=80), st.integers(2, 20))
def test_wrap_hides_nothing_but_spaces(text: str, width: int) -> None:
    shown = wrap(text, width)
    assert all(width_of(line) <= width for line in shown)
    assert "".join(shown).replace(" ", "") == text.replace(" ", "")


def test_wrap_says_when_it_cuts() -> None:
    assert wrap("one two three four five", 9, 2) == ["one two", "three fo…"]
    assert wrap("", 9) == [""]


def test_width_counts_columns_not_characters() -> None:
    assert width_of("計画") == 4
    assert width_of("e\u0301") == 1
    assert clip("計画計画", 5) == "計画…"
    assert clip("plain", 0) == ""


def test_lines_are_each_safe() -> None:
    assert lines("a\r\nb\x1b[2J\nc") == ["a", "b\\x1b[2J", "c"]


NODES = [(0, "1 one"), (1, "1.1 a\n$ check"), (2, "1.1.1 deep"), (1, "1.2 b\n$ check"), (0, "2 two\nmore")]


def test_tree_in_boxes_and_in_ascii() -> None:
    assert tree(NODES).split("\n") == [
        "1 one",
        "├─ 1.1 a",
        "│  │  $ check",
        "│  └─ 1.1.1 deep",
        "└─ 1.2 b",
        "      $ check",
        "2 two",
        "   more",
    ]
    assert for_stream(tree(NODES), Narrow()).split("\n")[1:4] == ["|- 1.1 a", "|  |  $ check", "|  `- 1.1.1 deep"]
    assert tree([]) == ""


def test_a_wide_tree_takes_no_longer_than_its_size() -> None:
    nodes = [(0, "root"), *[(1, str(number)) for number in range(20_000)]]
    assert tree(nodes).count("\n") == 20_000


def test_what_a_stream_cannot_write_is_spelled_out() -> None:
    assert use_boxes(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert not use_boxes(Narrow())
    assert not use_boxes(Narrow("latin-1"))
    assert for_stream("├─ ✓ é 計 …", Narrow()) == "|- + \\xe9 \\u8a08 ..."
    assert for_stream("├─ é", Narrow("latin-1")) == "|- é"
    assert for_stream("✓", io.StringIO()) == "+"


@pytest.mark.parametrize(
    ("env", "wanted"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_colour_only_where_it_is_welcome(env: dict[str, str], wanted: bool) -> None:
    assert use_colour(Tty(), env) is wanted
    assert use_colour(io.StringIO(), env) is False


def test_colour_and_marks() -> None:
    assert colour("x", "red", True) == "\x1b[31mx\x1b[0m"
    assert colour("x", "red", False) == "x"
    assert mark("done") == "✓"
    assert mark("merging") == mark("running") == "▶"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.2, "0.2s"),
        (12.4, "12s"),
        (59.7, "1m 00s"),
        (65, "1m 05s"),
        (3599.6, "1h 00m"),
        (7380, "2h 03m"),
        (86400 * 3 + 4 * 3600, "3d 04h"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_interrupting_a_question_passes_on() -> None:
    class Interrupted(io.StringIO):
        def readline(self, _: int | None = -1, /) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reader(Interrupted(), io.StringIO())("Go? ")


# progress


def row(task: str, state: str, **more: object) -> TaskRow:
    base = {"title": f"Title of {task}", "kind": "atomic", "parent": None, "worker": "opencode", "attempt": 1}
    return TaskRow("r1", task, 0, line=1, role="build", state=state, **(base | more))  # type: ignore[arg-type]


def snapshot(*rows: TaskRow, now: float = 100.0) -> Snapshot:
    return Snapshot("r1", rows, sum(row.state == "running" for row in rows), 4, now, 40.0)


def test_plain_progress_is_one_line_for_each_change() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=False, clock=lambda: 0.0)
    progress.update(snapshot(row("1", "done"), row("2", "pending"), row("3", "pending")))
    progress.update(snapshot(row("1", "done"), row("2", "running", changed=100.0), row("3", "pending")))
    progress.update(snapshot(row("1", "done"), row("2", "running", changed=100.0), row("3", "pending")))
    done = row("2", "done", changed=112.0, commit="1a2b3c4d5e6f", evidence="checked", reason="merged")
    progress.update(snapshot(row("1", "done"), done, row("3", "blocked", reason="which\x1b[2J one?"), now=112.0))
    progress.update(snapshot(row("1", "done"), done, row("3", "done", commit="1a2b3c4d5e6f", evidence="unchecked")))
    progress.line("hello\nthere")
    progress.close()
    assert stream.getvalue().split("\n") == [
        "[done 1/3] 2 running (opencode)",
        "[done 2/3] 2 merged 1a2b3c4 (checked) in 12s",
        "[done 2/3] 3 blocked: which\\x1b[2J one?",
        "[done 3/3] 3 done (unchecked)",
        "hello\\x0athere",
        "",
    ]


def test_plain_progress_looks_only_at_the_rows_that_were_touched() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False, clock=lambda: 0.0) as progress:
        progress.update(snapshot(row("1", "done"), row("2", "pending"), row("3", "pending")), [])
        rows = row("1", "done"), row("2", "running", changed=100.0), row("3", "running", changed=100.0)
        progress.update(snapshot(*rows), [rows[1]])
        progress.update(snapshot(row("1", "pending"), *rows[1:]), [row("1", "pending")])
        progress.update(snapshot(row("1", "pending"), *rows[1:]), [rows[2]])
    assert stream.getvalue().splitlines() == [
        "[done 1/3] 2 running (opencode)",
        "[done 0/3] 1 pending",
        "[done 0/3] 3 running (opencode)",
    ]


def test_plain_progress_tells_of_failures_and_second_attempts() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False, clock=lambda: 0.0) as progress:
        progress.update(snapshot(row("1", "running", changed=90.0)))
        progress.update(snapshot(row("1", "retrying", reason="its check failed")))
        progress.update(snapshot(row("1", "running", attempt=2, changed=100.0)))
        progress.update(snapshot(row("1", "claimed", attempt=2)))
        progress.update(snapshot(row("1", "failed", attempt=2, reason="the same failure twice", changed=105.0)))
        progress.update(snapshot(row("1", "pending", attempt=2)))
    assert stream.getvalue().splitlines() == [
        "[done 0/1] 1 running (opencode)",
        "[done 0/1] 1 retrying: its check failed",
        "[done 0/1] 1 running (opencode, attempt 2)",
        "[done 0/1] 1 ended, its claim is read",
        "[done 0/1] 1 failed: the same failure twice in 5s",
        "[done 0/1] 1 pending",
    ]


def test_what_was_under_way_before_took_its_time_from_its_dispatch() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False, clock=lambda: 0.0) as progress:
        progress.update(snapshot(row("1", "checking", changed=90.0))._replace(began={"1": 40.0}))
        progress.update(snapshot(row("1", "done", changed=100.0, evidence="checked")))
    assert stream.getvalue().splitlines()[-1] == "[done 1/1] 1 done (checked) in 1m 00s"


def test_composites_are_not_counted() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=False, clock=lambda: 0.0)
    progress.update(snapshot(row("1", "pending", kind="composite"), row("1.1", "running")))
    assert stream.getvalue() == "[done 0/1] 1.1 running (opencode)\n"


def test_a_frame_names_what_runs_and_what_waits() -> None:
    rows = [
        row("1", "done"),
        row("2", "running", changed=88.0),
        row("3", "pending", reason="waits for 2 (running)"),
        row("4", "blocked", reason="which \u202eone?"),
    ]
    assert frame(snapshot(*rows), {"2": 35.0}, 100, 20) == [
        "run r1  1/4 done  1 blocked  1 pending  1 running  slots 1/4  1m 00s",
        "▶ " + "2 Title of 2".ljust(50) + "  running     opencode   1m 05s",
        "? 4 blocked: which \\u202eone?",
        "· 3 pending: waits for 2 (running)",
    ]


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT, st.integers(-1, 30), st.integers(-1, 5))
def test_a_frame_fits_any_terminal(text: str, width: int, height: int) -> None:
    rows = [row(str(number), "running", title=text, reason=text, worker=text) for number in range(20)]
    rows += [row(f"w{number}", "held", title=text, reason=text) for number in range(20)]
    shown = frame(snapshot(*rows), {}, width, height)
    assert len(shown) <= max(1, height)
    assert all(width_of(line) <= max(1, width) for line in shown)


@pytest.mark.parametrize("width", ["1", "3", "20", "500", "0", "no"])
def test_live_progress_survives_odd_terminals(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("LINES", "2")
    stream, ticks = Tty(), iter(range(100))
    with Progress(stream, live=True, clock=lambda: float(next(ticks))) as progress:
        progress.line("before \x1b[2J")
        progress.update(snapshot(row("1", "running", title="[bold]x[/nonexistent] \x1b]0;owned\x07")))
        progress.line("[/x] between \x1b[2J")
        progress.update(snapshot(row("1", "done", evidence="checked")))
    assert "done (checked)" in stream.getvalue()
    assert "\x1b]0;owned" not in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()


def test_live_progress_in_an_encoding_without_boxes() -> None:
    stream = Narrow()
    with Progress(stream, live=True, clock=lambda: 0.0) as progress:
        progress.update(snapshot(row("1", "running", title="計画")))
    assert "\\u8a08\\u753b" in stream.text()


@pytest.mark.parametrize("live", [True, False])
def test_a_terminal_that_went_away_does_not_stop_the_run(live: bool) -> None:
    progress = Progress(Gone(), live=live, clock=lambda: 0.0)
    progress.update(snapshot(row("1", "running")))
    progress.line("unseen")
    progress.close()
    progress.close()


def test_redraws_are_spaced_but_changes_are_not() -> None:
    stream, now = Tty(), [0.0]
    with Progress(stream, live=True, clock=lambda: now[0]) as progress:
        progress.update(snapshot(row("1", "running")))
        first = len(stream.getvalue())
        progress.update(snapshot(row("1", "running"), now=101.0))
        assert len(stream.getvalue()) == first
        progress.update(snapshot(row("1", "merging"), now=102.0))
        second = len(stream.getvalue())
        assert second > first
        now[0] = 5.0
        progress.update(snapshot(row("1", "merging"), now=105.0))
        assert len(stream.getvalue()) > second


INTERRUPTED = """
import sys
from branchline.model.run import TaskRow
from branchline.terminal.live import Progress, Snapshot
row = TaskRow("r", "1", 0, "t", "atomic", None, 1, "build", "opencode", "running")
with Progress(sys.stdout, True, lambda: 0.0) as progress:
    progress.update(Snapshot("r", [row], 1, 1, 0.0, 0.0))
    raise KeyboardInterrupt
"""


def test_an_interrupted_display_leaves_the_cursor_to_see() -> None:
    leader, follower = pty.openpty()
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], stdout=follower, stderr=subprocess.PIPE, timeout=30)
    os.close(follower)
    written = b""
    while chunk := _read(leader):
        written += chunk
    os.close(leader)
    assert done.returncode != 0
    assert b"KeyboardInterrupt" in done.stderr
    assert written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # on Linux the end of a pseudo-terminal is an error
        return b""


def test_nothing_heavy_is_imported_for_plain_text() -> None:
    code = "import sys, branchline.terminal; print([m for m in ('rich', 'dataclasses') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("failed", "failed: exit 2", "exit 2"),
        ("cancelled", "cancelled by a person", "by a person"),
        ("failed", "timeout: silent for 10m", "timeout: silent for 10m"),
        ("done", "donethis", "donethis"),
        ("failed", "", ""),
    ],
)
def test_a_reason_does_not_say_its_state_again(state: str, reason: str, said: str) -> None:
    assert because(state, reason) == said
