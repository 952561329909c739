"""Plain text for people: escaping, display widths, tables, trees, bars and questions; standard library only."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TextIO
from unicodedata import category, east_asian_width

# Controls, soft hyphen, bidi controls, line separators, invisible joiners, tags and lone surrogates. The two joiners
# that scripts and emoji need stay where they stand between letters that are not ASCII.
_HIDDEN: Final = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?:^|(?<=[\x00-\x7f]))[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
)
_ASCII: Final = str.maketrans("├└│─╌█░✓✗▶·○‖↻⊘", "|`|--#.+x>.o=~/") | {ord("…"): "..."}
_COLOURS: Final = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36",
}  # fmt: skip
_MARKS: Final = {
    "done": ("✓", "green"),
    "skipped": ("⊘", "dim"),
    "cancelled": ("⊘", "dim"),
    "failed": ("✗", "red"),
    "blocked": ("?", "yellow"),
    "held": ("!", "yellow"),
    "retrying": ("↻", "yellow"),
    "paused": ("‖", "yellow"),
    "pending": ("·", "dim"),
    "ready": ("○", "dim"),
}
_BUSY_MARK: Final = ("▶", "cyan")


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe(text: str, width: int | None = None) -> str:
    r"""Return `text` as one line that a terminal shows as it is, at most `width` columns wide.

    C0 and C1 controls come out as `\x1b`, bidi controls and other invisible characters as `\u202e`.
    """
    if not text.isprintable():
        text = re.sub(_HIDDEN, _shown, text)
    return text if width is None else clip(text, width)


def lines(text: str) -> list[str]:
    """Return the lines of `text`, each made safe; for commands and messages that may have several."""
    return [safe(line) for line in text.replace("\r\n", "\n").split("\n")]


def _columns(char: str) -> int:
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width_of(text: str) -> int:
    """Return the number of columns `text` takes: wide characters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def clip(text: str, width: int) -> str:
    """Return `text` cut to `width` columns, ending in an ellipsis when something was cut."""
    if len(text) <= width // 2 or width_of(text) <= width:
        return text
    if width < 1:
        return ""
    return text[: _fitting(text, width - 1)] + "…"


def wrap(text: str, width: int, most: int | None = None) -> list[str]:
    """Return `text` on lines of at most `width` columns, broken at spaces where it can be, all of it in sight.

    With `most`, what does not fit that many lines ends in an ellipsis.
    """
    width = max(2, width)
    found: list[str] = []
    while width_of(text) > width:
        if most is not None and len(found) + 1 >= most:
            break
        room = max(1, _fitting(text, width))
        space = text.rfind(" ", 1, room + 1)
        cut = space if space > room // 2 else room
        found.append(text[:cut].rstrip(" "))
        text = text[cut:].lstrip(" ")
    return [*found, clip(text, width)]


def _fitting(text: str, width: int) -> int:
    """Return how many characters of `text` fit `width` columns."""
    for place, char in enumerate(text):
        width -= _columns(char)
        if width < 0:
            return place
    return len(text)


def pad(text: str, width: int) -> str:
    """Return `text` clipped and filled with spaces to exactly `width` columns."""
    text = clip(text, width)
    return text + " " * (width - width_of(text))


def use_colour(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Say whether colour is welcome: only on a terminal that is not dumb, never with NO_COLOR (https://no-color.org)."""
    return stream.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def use_boxes(stream: TextIO) -> bool:
    """Say whether the stream's encoding has the characters our trees and marks are drawn with."""
    try:
        "├└│─╌█░…✓✗▶·○‖↻⊘".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def for_stream(text: str, stream: TextIO) -> str:
    """Return `text` so that the stream can take it: ASCII lines for box lines, escapes for what its encoding lacks."""
    if use_boxes(stream):
        return text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def colour(text: str, name: str, on: bool) -> str:
    """Return `text` in a colour (bold, dim, red, green, yellow, blue, magenta, cyan), or as it is when not `on`."""
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if on else text


def mark(state: str, on: bool = False) -> str:
    """Return the one-column mark of a task's state, coloured when `on`."""
    sign, name = _MARKS.get(state, _BUSY_MARK)
    return colour(sign, name, on)


def duration(seconds: float) -> str:
    """Return a time as people say it: `12s`, `1m 05s`, `2h 03m`, `3d 04h`; never negative."""
    if 0 < seconds < 1:
        return f"{seconds:.1f}s" if seconds >= 0.05 else "0s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02d}h"


def many(number: int, word: str, plural: str = "") -> str:
    """Return a number with its word: `1 task`, `2 tasks`, `12,000 tasks`; `plural` where an s does not make it."""
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first of some names in one line, and how many there are more."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def because(state: str, reason: str) -> str:
    """Return a reason as it is said behind its state, whose word it may begin with: of `failed: exit 2` it is `exit 2`."""
    rest = reason.removeprefix(state)
    return rest.lstrip(": ") if rest != reason and rest[:1] in (":", " ") else reason


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of as many cells each as lines whose columns stand below each other."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(pad, row, widths)).rstrip() for row in rows]


def tree(nodes: Sequence[tuple[int, str]]) -> str:
    """Return a tree of (depth, text) in depth-first order; roots have depth 0 and no line of their own.

    A text may have several lines. Texts are taken as they are: what came from outside must have passed `safe`.
    """
    shown: list[str] = []
    for (head, rest), (_, text) in zip(_heads([depth for depth, _ in nodes]), nodes, strict=True):
        first, *more = text.split("\n")
        shown.append((head + first).rstrip())
        shown += [(rest + line).rstrip() for line in more]
    return "\n".join(shown)


def _heads(depths: Sequence[int]) -> list[tuple[str, str]]:
    """Return for each node what stands before its first line and before its further lines."""
    heads: list[tuple[str, str]] = []
    bars: list[str] = []  # for each level what leads past it to a younger sibling, seen from the end
    below = 0
    for depth in reversed(depths):
        bars = bars[:depth] + ["   "] * (depth - len(bars))
        rest = "".join(bars)
        head = rest[:-3] + ("└─ " if bars[-1] == "   " else "├─ ") if depth else ""
        heads.append((head, rest + ("│  " if below > depth else "   ")))  # lines below it are led down to its children
        if depth:
            bars[-1] = "│  "
        below = depth
    return heads[::-1]


def reader(stdin: TextIO, stdout: TextIO) -> Callable[[str], str]:
    """Return a function that asks and gives back the line with its newline; the empty string is the end of input.

    What is written next stands on a line of its own, however the input ended.
    """

    def ask(question: str) -> str:
        stdout.write(for_stream(question, stdout))
        stdout.flush()
        line = stdin.readline()
        if not line:
            stdout.write("\n")
        return line

    return ask
