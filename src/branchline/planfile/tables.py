"""Tables of tasks: which columns name a task, and a draft for each row."""

import re
from collections import Counter
from typing import NamedTuple

from branchline.planfile import labels, words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, plain
from branchline.planfile.outline import Outline

MARKS = "".join((*words.DONE_MARKS, *words.WIP_MARKS, *words.OPEN_MARKS, "\ufe0f"))
"""Marks of a state, which may stand in any cell of a row, its id's too."""
_BOX = re.compile(r"\[[ xX~/>-]?\](?!\()")
_WORK = frozenset({"title", "work", "work item"})
_CODE = re.compile(r"[A-Za-z]{0,10}(?:-[A-Za-z]{1,10})?-?\d{1,6}(?:\.\d{1,3}){0,3}\+?")
_TIME = re.compile(
    r"[^\W\d_]{0,10}\.?\s?\d{1,4}(?:\s?[-–—~./至到]\s?(?:[^\W\d_]{1,10}\s?)?\d{1,4}){0,3}\s?[^\W\d_]{0,12}\.?(?:\s\d{4})?"
)
_REFERENCE = re.compile(
    rf"(?:{'|'.join(sorted(map(re.escape, words.TASK_HEADS)))})s?\s?#?\d[\d.,+&/\s–-]{{0,20}}"
    r"|\d{1,3}(?:\s?[–-]\s?\d{1,3})?\s?\([^()]{1,80}\)",
    re.IGNORECASE,
)
"""`Task 1`, `Tasks 2+3`, `1–3 (Backend)`."""
ROWS = 20
"""So many rows show what a column holds."""
_NAME = re.compile(r"\w[\w.-]*(?<![.-])")
_OPEN = frozenset({"", "…", "tbd", "n/a"})
"""What stands for the title of a task that is still to be thought of."""
_PLANNING = frozenset({"depends", "priority", "status", "estimate", "criteria", "verify", "files", "role"})
"""Kinds of columns that tables of tasks have, and tables of data have not."""
_OF_TASKS = (_PLANNING - {"role"}) | {"blocks", "needs", "create", "modify", "test", "expected", "output"}
"""Fields that a row of two cells may hold; `| Model | User |` speaks of data."""


_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


class Columns(NamedTuple):
    """Where a table's tasks stand: `key` may be missing (-1)."""

    key: int
    title: int
    kinds: tuple[str, ...]
    step: bool

    @property
    def sure(self) -> bool:
        """A table with ids, or with a column that only planned work has, is one of tasks."""
        return self.key >= 0 or self.planned

    @property
    def planned(self) -> bool:
        """Say whether a column is one that only planned work has."""
        return bool(_PLANNING.intersection(self.kinds))


def heads(table: Block) -> list[str]:
    """List the heads of the columns, bare and in small letters."""
    return [" ".join(cell.lower().replace("(s)", "").strip("*_` ").split()) for cell in cells(table.text)]


def kinds_of(table: Block) -> tuple[str, ...]:
    """Give what each column of a table holds, whether it is one of tasks or not; empty for a word of its own.

    Marks in one column tell states; in several they tell what has what: `| Feature | Free | Pro |`.
    """
    names = heads(table)
    told = [_told(column) for column in _columns(table)]
    told = [*(told if sum(map(bool, told)) == 1 else ()), *[""] * len(names)]
    return tuple(_kind(name) or told[place] for place, name in enumerate(names))


def _columns(table: Block) -> list[tuple[str, ...]]:
    """The cells below each head, of the first rows."""
    return list(zip(*(cells(row.text) for row in table.kids[:ROWS]), strict=False))


def _told(values: tuple[str, ...]) -> str:
    """A column of boxes or of marks tells states, whatever language its head speaks."""
    bare = [value.strip("*_` ") for value in values]
    drawn = any(value.strip("-–—") for value in bare) and not any(map(str.isalnum, "".join(bare)))
    return "status" if drawn or all(_BOX.match(value) or value.startswith(tuple(MARKS)) for value in bare) else ""


def columns(table: Block) -> Columns | None:
    """Find the columns of a table of tasks; None for any other table."""
    names = heads(table)
    kinds = kinds_of(table)
    planned = bool(_PLANNING.intersection(kinds))
    if _is_interface(table) or of_heading(table) or (not planned and not words.DECISION_COLUMNS.isdisjoint(names)):
        return None
    keys = [n for n, name in enumerate(names) if name in words.ID_COLUMNS and not _worded(table, n, name)]
    if planned and not keys and _coded(table):
        keys = [0]
    titles = [n for n, name in enumerate(names) if name in words.TITLE_COLUMNS and not _refers(table, n)]
    for key in keys:
        for title in titles:
            if title != key:
                return Columns(key, title, kinds, names[key] in words.STEP_COLUMNS)
    if titles == keys == [0] and planned:  # `| Milestone | Goal | Status |` over `M1`
        said = [n for n, kind in enumerate(kinds) if n and kind in ("", "goal", "note")]
        return Columns(0, said[0], kinds, step=False) if said else Columns(-1, 0, kinds, step=False)
    if titles:
        return Columns(-1, titles[0], kinds, step=False)
    own = [n for n, kind in enumerate(kinds) if kind in ("", "note") and n > keys[0]] if keys and planned else []
    plain = sorted(own, key=lambda n: (_paths(table, n), kinds[n] != ""))
    if plain:
        return Columns(keys[0], plain[0], kinds, names[keys[0]] in words.STEP_COLUMNS)
    if (
        kinds[0] in ("", "note") and not _refers(table, 0) and sum(map(bool, map(_told, _columns(table)[1:]))) == 1
    ):  # how far each is stands in marks
        return Columns(-1, 0, kinds, step=False)
    return None


def first(table: Block) -> Columns | None:
    """Take the first column for the titles of a table that holds words there, and is none of measures or decisions."""
    if _is_interface(table) or of_heading(table) or not words.DECISION_COLUMNS.isdisjoint(heads(table)):
        return None
    values = [value for value in column(table, 0) if any(map(str.isalpha, value))]
    kinds = kinds_of(table)
    told = len(values) == len(table.kids) and kinds[0] in ("", "note") and heads(table)[0] not in words.DATA_COLUMNS
    return Columns(-1, 0, kinds, step=False) if told else None


def _is_interface(table: Block) -> bool:
    """Say whether the first column is one of HTTP methods: such a table tells what can be called, whatever else it says."""
    values = column(table, 0)[:ROWS]
    return sum(not _METHODS.isdisjoint(value.lower().split("/")) for value in values) * 2 > len(values)


def names_tasks(table: Block, found: Columns) -> bool:
    """Say whether a table with states calls what it lists tasks or work: `| # | Task | Status |`."""
    told = calls_tasks(table, found) or heads(table)[found.title] in _WORK
    return "status" in found.kinds and told


def calls_tasks(table: Block, found: Columns) -> bool:
    """Say whether a table calls what it lists tasks: `| Task | Content |`."""
    return heads(table)[found.title] in words.TASK_HEADS


def _worded(table: Block, place: int, name: str) -> bool:
    """Say whether a column that may hold ids or titles, `| Task |`, holds titles: words with spaces between them."""
    values = column(table, place)[:ROWS] if name in words.TITLE_COLUMNS else []
    return sum(" " in _BOX.sub("", value).strip() for value in values) * 2 > len(values)


def _refers(table: Block, place: int) -> bool:
    """Say whether a column but names tasks that stand elsewhere: `Task 1`, `Tasks 2+3`."""
    values = column(table, place)[:ROWS]
    return sum(_REFERENCE.fullmatch(value) is not None for value in values) * 2 > len(values)


def _paths(table: Block, place: int) -> bool:
    """Say whether a column leads to files and names nothing: `docs/step-01.md`."""
    values = column(table, place)[:ROWS]
    return sum("/" in value and not re.search(r"\s", value) for value in values) * 2 > len(values)


def of_heading(table: Block) -> bool:
    """Say whether the one row of a table tells of the heading above it: `| Priority | Size |`."""
    kinds = kinds_of(table)
    return len(table.kids) == 1 and kinds[0] in _PLANNING and sum(kind in _PLANNING for kind in kinds) > 1


def _coded(table: Block) -> bool:
    """Say whether the first column is one of codes: `R1`, `R2`."""
    return all(_CODE.fullmatch(cells(row.text)[0].strip("*_` " + MARKS)) for row in table.kids[:ROWS])


def of_phases(table: Block) -> Columns | None:
    """Read a table whose first column is headed by a word for a phase or a release, `| Release | Content |`.

    Where it only counts them, another column says what each is: `| Phase | Document | Summary |`. The count may stand in
    a column of its own: `| # | Phase | Content |`.
    """
    names, kinds = heads(table), kinds_of(table)
    counted = names[0] in words.ID_COLUMNS
    if counted and names[1:2] and names[1] in (*words.PHASE_HEADS, *words.VERSION_HEADS):
        return Columns(0, 1, kinds, step=False)
    if names[0] not in (*words.PHASE_HEADS, *words.VERSION_HEADS):
        return None
    titles = [n for n, name in enumerate(names) if n and name in words.TITLE_COLUMNS] if _coded(table) else []
    times = [n for n, kind in enumerate(kinds) if n and kind in ("", "goal") and _times(table, n)]
    own = [n for n, kind in enumerate(kinds) if n and kind in ("", "goal") and n not in times]
    if names[0] in words.VERSION_HEADS and times and not (titles or own):
        return None  # what was changed when
    titles = titles or (own if _coded(table) else [])
    return Columns(0, titles[0], kinds, step=False) if titles else Columns(-1, 0, kinds, step=False)


def _times(table: Block, place: int) -> bool:
    """Say whether a column tells when: `Week 1-2`, `第1-2周`, `2026-03-04`."""
    values = column(table, place)[:ROWS]
    return sum(_TIME.fullmatch(value) is not None for value in values) * 2 > len(values)


def of_codes(table: Block) -> Columns | None:
    """Read a table whose rows begin with a code, whatever its other columns are called: `| # | Ships | Contents |`."""
    kinds = kinds_of(table)
    told = len(kinds) > 1 and heads(table)[0] in words.ID_COLUMNS and _coded(table)
    return Columns(0, 1, kinds, step=False) if told else None


def _kind(name: str) -> str:
    """Give what a column holds by its head, or by the first word of it: `Acceptance sketch`, `Depends (ids)`."""
    if name in words.PRIORITY_COLUMNS:
        return "priority"
    first = labels.KINDS.get(name.split(" ", 1)[0], "")
    return labels.KINDS.get(name, first if first in _PLANNING else "")


def take(out: Outline, table: Block, found: Columns, parent: Draft | None, confidence: float = 0.8) -> bool:
    """Make a task of each row of `table`, but for one that says `TBD` and that no other waits for; says whether there was one."""
    names = heads(table)
    rows = (_draft(row, names, found, confidence) for row in table.kids if not row.fate)
    known = [draft for draft in rows if draft is not None]
    open_ = {draft.line for draft in known if draft.title.strip("-–—*_. ").lower() in _OPEN}
    named = Counter(word for row in table.kids for word in _NAME.findall(row.text)) if open_ else Counter[str]()
    drafts = [draft for draft in known if draft.line not in open_ or named[draft.hard] > 1]
    for draft in drafts:
        out.drafts[draft.line] = draft.hang(parent)
    return bool(drafts)


def _draft(row: Block, names: list[str], found: Columns, confidence: float) -> Draft | None:
    values = [value.strip() for value in cells(row.text)]
    if len(values) <= max(found.key, found.title) or not values[found.title].strip("-–—*_ "):
        return None
    draft = Draft(row, "row", "row of a task table", confidence)
    draft.title = plain(values[found.title]).strip("*_ ")
    if found.title and found.key < 0 and found.kinds[0] == "files" and values[0]:  # `| File | Action |`: done to what
        draft.title = f"{plain(values[0]).strip('*_` ')}: {draft.title}"
    if found.key >= 0:
        draft.hard, draft.key = (
            _BOX.sub("", plain(values[found.key])).strip("*_` " + MARKS),
            "step" if found.step else "",
        )
    draft.fields = {
        f"column:{kind or name}": [value]
        for kind, name, value in zip(found.kinds, names, values, strict=False)
        if value
    }
    return draft


def column(table: Block, place: int) -> list[str]:
    """List the cells below a head, bare; a row that has none there is passed over."""
    rows = (cells(row.text) for row in table.kids)
    return [row[place].strip("*_` ") for row in rows if place < len(row)]


def as_field(block: Block) -> str:
    """Read a row of two cells as the field it may be: `| **Depends on** | Task 2 |`; empty for any other row."""
    values = cells(block.text)
    label = values[0].strip("*_ ").lower()
    told = len(values) == 2 and labels.KINDS.get(label) in _OF_TASKS and not block.kids
    return f"{values[0]}: {values[1]}" if told else ""


def under(out: Outline, heading: Block | None) -> list[Block]:
    """List the tables that stand directly below a heading, and in no list."""
    return out.tabled.get(heading.line if heading is not None else 0, [])


def cells(row: str) -> list[str]:
    """Split a table row at its bars; escaped bars and bars in back-ticks stay."""
    masked = row.strip().replace("\\|", "\0")
    out: list[list[str]] = [[]]
    for place, part in enumerate(masked.strip("|").split("`")):
        first, *more = [part] if place % 2 else part.split("|")
        out[-1].append(f"`{first}" if place else first)
        out += [[piece] for piece in more]
    return ["".join(cell).replace("\0", "|").strip() for cell in out]
