"""The one Gantt chart of the house: bars on a common time axis, for a terminal and as SVG."""

from collections.abc import Callable, Sequence
from math import floor
from typing import Final, NamedTuple

from branchline.terminal.text import clip, pad, safe, width_of

_LABEL: Final = 28
_ROW: Final = 18
"""Height of a row of the SVG; its width is 1,000 for the time and what the labels take."""
FILLS: Final = {"setup": "#8a8d91", "work": "#5b7fa6", "check": "#3a7d44", "merge": "#6b4ea0"}
"""The colours of the parts of a task."""


class Bar(NamedTuple):
    """One task, or a part of it: its words, when it runs, and whether it lies on the critical path."""

    label: str
    start: float
    end: float
    critical: bool = False
    part: str = ""


def gantt(bars: Sequence[Bar], width: int, say: Callable[[float], str]) -> list[str]:
    """One line a bar, critical ones solid, and the axis below; `say` puts a time in words."""
    span = max((bar.end for bar in bars), default=0.0) or 1.0
    label = min(_LABEL, max((width_of(safe(bar.label)) for bar in bars), default=0))
    room = max(10, width - label - 3)
    lines = []
    for bar in bars:
        first = min(room - 1, floor(bar.start / span * room))
        last = max(first + 1, round(bar.end / span * room))
        mark = "█" if bar.critical else "░"
        lines.append(f"{pad(clip(safe(bar.label), label), label)} |{' ' * first}{mark * (last - first)}".rstrip())
    return [*lines, f"{' ' * label} |{say(0.0)}{say(span).rjust(room - len(say(0.0)))}"]


def gantt_svg(bars: Sequence[Bar], say: Callable[[float], str]) -> str:
    """The same as a picture that stands alone: no script, no font, nothing from elsewhere.

    Bars of one label stand on one row, and the first word of a part gives its colour.
    """
    from html import escape  # its table of entities costs each look at a run what it takes to open the store

    span = max((bar.end for bar in bars), default=0.0) or 1.0
    rows = {label: number for number, label in enumerate(dict.fromkeys(bar.label for bar in bars))}
    height = _ROW * (len(rows) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1240 {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="1240" height="{height}" fill="#fff"/>',
    ]
    parts += [
        f'<text x="212" y="{_ROW * row + 15}" text-anchor="end">{escape(clip(safe(label), _LABEL))}</text>'
        for label, row in rows.items()
    ]
    for bar in bars:
        wide = max(1.0, 1000 * (bar.end - bar.start) / span)
        fill = "#b5392c" if bar.critical else FILLS.get(bar.part.partition(" ")[0], FILLS["work"])
        words = escape(safe(": ".join(filter(None, (bar.label, bar.part)))))
        parts.append(
            f'<rect x="{220 + 1000 * bar.start / span:.1f}" y="{_ROW * rows[bar.label] + 4}" width="{wide:.1f}" '
            f'height="{_ROW - 4}" fill="{fill}">'
            f"<title>{words}: {escape(say(bar.start))} to {escape(say(bar.end))}</title></rect>"
        )
    foot = height - _ROW + 4
    parts += [
        f'<text x="220" y="{foot}">{escape(say(0.0))}</text>',
        f'<text x="1220" y="{foot}" text-anchor="end">{escape(say(span))}</text>',
    ]
    return "\n".join([*parts, "</svg>", ""])
