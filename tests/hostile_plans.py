"""Plans that are hard to read: each family makes a text of about `size` characters, and reading it is linear in that.

Shared by benchmarks/plans.py, which takes the time, and tests/test_planfile_growth.py, which counts steps.
"""

from collections.abc import Callable

Family = Callable[[int], str]
_LETTERS = str.maketrans("0123456789", "abcdefghij")


def _line(start: str, pump: str, end: str = "") -> Family:
    """One line: `start`, then `pump` as often as it fits, then `end`."""
    return lambda size: start + pump * (max(1, size - len(start) - len(end)) // len(pump)) + end + "\n"


def _lines(line: str, head: str = "", end: str = "") -> Family:
    """Many lines; in `line`, `{n}` is the place of the line, `{m}` the place before it."""

    def make(size: int) -> str:
        count = max(2, (size - len(head) - len(end)) // (len(line) + 1))
        return head + "".join(line.format(n=n, m=n - 1) + "\n" for n in range(1, count + 1)) + end

    return make


def _wide(line: str, repeats: str, head: str = "") -> Family:
    """Two halves: many lines, and one line that names them all."""

    def make(size: int) -> str:
        count = max(2, size // (len(line) + len(repeats)))
        lines = "".join(line.format(n=n) + "\n" for n in range(1, count + 1))
        return lines + head.format(all="".join(repeats.format(n=n) for n in range(1, count + 1)))

    return make


def _title(items: str, heading: str) -> Family:
    """A heading as long as half of the text, and items below it."""
    return lambda size: f"# P\n\n{heading}{'word ' * (size // 10)}\n\n" + items * (size // 2 // len(items))


_PUMPS = {
    "spaces": " ",
    "tabs": "\t",
    "stars": "*",
    "underscores": "_",
    "back-ticks": "`",
    "ticked words": "` a",
    "brackets": "[",
    "boxes": "[ ] ",
    "parentheses": "(",
    "empty parentheses": "( )",
    "bars": "|",
    "digits": "1",
    "dotted numbers": "1.",
    "colons": "a:",
    "numbers with colons": ":1",
    "hashes": "#",
    "commas": ", ",
    "dashes": "- ",
    "wide dashes": "  -  ",
    "long dashes": " — ",
    "arrows": "-> ",
    "links": "[a](",
    "whole links": "[a](b) ",
    "comments": "<!-- ",
    "ticked comments": "`<!--` ",
    "tags": "<task> ",
    "tildes": "~",
    "equals": "=",
    "stops": ". ",
    "paths": "src/a.py ",
    "ticked paths": "`src/a.py` ",
    "ids": "t1 ",
    "ranges": "T1-T500, ",
    "tasks": "task ",
    "phases": "phase 1 ",
    "stories": "user story 1 ",
    "after": "after task 1 ",
    "depends": "depends on ",
    "parallel": "parallel ",
    "done": "@done ",
    "fields": "blocked-by:t1 ",
    "nodes": "A & ",
    "mermaid": "A --> B ",
    "quotes": "> ",
    "emoji": "✅",
    "chinese": "依赖",
    "tasks of China": "任务",
    "hours": "~4h ",
    "marks": "[P] ",
    "dollars": "$ ",
    "ands": "and ",
    "letters": "x",
    "commands": "`make` ",
}
_STARTS = {
    "line": "a",
    "box": "- [ ] ",
    "heading": "# A\n\n## Task 1: ",
    "task": "## Task",
    "depends": "- [ ] t1 a\n  - Depends on: a",
    "inline": "- [ ] t1 a\n- [ ] t2 b (depends on ",
    "order": "- [ ] t1 a\n\n## Dependencies\n\na",
    "verify": "- [ ] t1 a\n  - Run: ",
    "files": "- [ ] t1 a\n  - Files: ",
    "routine": "- [ ] r1 ",
    "row": "| ID | Title |\n|---|---|\n| t1 | ",
    "mermaid": "- [ ] t1 a\n\n```mermaid\ngraph TD\nt1 A",
    "criteria": "## Acceptance criteria\n\n- ",
    "front": "---\nkey: ",
    "story": "# Tasks\n\n- [ ] T001 ",
}

LINES: dict[str, Family] = {
    f"{start} of {pump}": _line(_STARTS[start], _PUMPS[pump], " x") for start in _STARTS for pump in _PUMPS
}
"""One long line each: where it stands, and what it repeats."""

DOCUMENTS: dict[str, Family] = {
    "boxes": _lines("- [ ] t{n} Do thing {n} in `src/a{n}.py` blocked-by:t{m}"),
    "bullets": _lines("- thing {n}", "## Tasks\n\n"),
    "bullets without a heading": _lines("- thing {n}"),
    "numbered": _lines("{n}. thing", "## Steps\n\n"),
    "same title": _lines("- [ ] Do the same thing again"),
    "same title in headings": _lines("### Task: Do the same thing again"),
    "same id": _lines("- [ ] t1 a"),
    "same id in headings": _lines("### Task 1: a"),
    "same id, named": _lines("- [ ] t1 a blocked-by:t1"),
    "same number, named": _lines("### Task 1: a\n\nDepends on: Task 1\n"),
    "same number in phases, named": _lines("## Phase {n}: b\n### Task 1: a\nDepends on: Task 1\n"),
    "parents": _lines("- [ ] t{n} a parent:t{m}"),
    "parents below": _lines("- [ ] t{m} a parent:t{n}"),
    "dotted": _lines("- [ ] t1.{n} a", "- [ ] t1 root\n"),
    "deep": lambda size: "".join("  " * n + "- [ ] x\n" for n in range(int(size**0.5))),
    "stairs": lambda size: "".join("  " * n + "- [ ] x\n" for n in range(100)) * (size // 10_700 + 1),
    "deep quotes": _lines("> > > - [ ] a {n}"),
    "phases": _lines("## Phase {n}: a"),
    "phases with bullets": _lines("## Phase {n}: a\n- b\n"),
    "phases with parts": _lines("## Phase {n}: a\n### part\n- b\n"),
    "phases, tasks in vain": _lines("## Phase {n}: a\n- [ ] b (depends on Task 9999)"),
    "headings": _lines("## {n}. thing {n}"),
    "other headings": _lines("# P {n}\n## {n}. thing {n}"),
    "phases that count on": _lines("## Phase {n}: a\n### {n}. part\ntext\n"),
    "steps with marks": _lines("### Step {n}: a\n- ✅ b\n- ✅ c\n"),
    "lists of what is done": _lines("## Done\n- thing {n}\n", "- [ ] a\n\n"),
    "code behind colons": _line("- [ ] ", "x: `a b` ", "\n- [ ] y"),
    "verify with": _line("- [ ] a\n  - ", "verify with `make x` ", "\n- [ ] y"),
    "two back-ticks": _line("- [ ] t1 a #x ref:GH#1 ", "``x `y ", "\n- [ ] t2 b #x"),
    "titles that are checked": _lines("- [ ] Draw it; check that rim {n} holds: run `make x{n}`"),
    "codes over boxes": _lines("### P{n}.1 · a\n- [ ] b\n- [ ] c\n"),
    "counted tables": _lines("### Layer {n} — a\n\n| # | Change |\n|--|--|\n| 1 | b |\n"),
    "deliverables": _lines("## Phase {n}: a\n\n**Deliverables:**\n- b {n}\n"),
    "all stories wait": _lines(
        "- All user stories depend on T{n}\n", "## Phase 1: User Story 1\n- [ ] T1 a\n## Dependencies\n"
    ),
    "numbers of phases": _lines("- **{n}a**: Depends on {m}a\n", "## Phase 1a: b\n- [ ] c\n## Dependencies\n"),
    "brackets after what": _lines("## 阶段 {n}（阶段 {m} 完成后）\n- [ ] 甲\n"),
    "references in rows": _lines(
        "| a {n} | Task {m} |", "## Task 1: a\n\n- [ ] b\n\n## Rows\n\n| What | Task |\n|--|--|\n"
    ),
    "rows left open": _lines("| T{n} | TBD |", "## Tasks\n\n| ID | Task |\n|---|---|\n"),
    "versions": _lines("## v{n}.0\n- [ ] a"),
    "durations": _lines("## Part (2 weeks)\n- a"),
    "task headings": _lines("### Task {n}: a\n\nDepends on: Task {m}\n"),
    "all prior": _lines("### Task {n}: a\n\nDepends on: all prior\n"),
    "stories": _lines("## Phase {n}: User Story {n}\n- [ ] T{n} [P] [US{n}] a"),
    "marked": _lines("- [ ] T{n} [P] a", "- [ ] T001 a\n"),
    "unknown": _lines("- [ ] t{n} a blocked-by:x{m},y{m},z{m}"),
    "fences": _lines("```"),
    "unclosed fence": _lines("- [ ] a", "```\n"),
    "fences in items": _lines("- [ ] a\n  ```sh\n  x"),
    "comments": _lines("<!-- a"),
    "comments in text": _lines("x <!-- a"),
    "comments that close": lambda size: ("x <!-- a\n" * 198 + "\n-->\n") * (size // 1_790 + 1),
    "comments between": _lines("<!-- a\n--> b"),
    "rows": _lines("| t{n} | x |", "| ID | Title |\n|---|---|\n"),
    "rows of rows": _lines("|a|b|\n|-|-|"),
    "rows again": _lines("### Task {n}: Do the thing {n}\n| Do the thing {n} | b |\n|-|-|\n| Do the thing {n} | x |\n"),
    "xml": _lines("<task>\n<name>Task {n}: z</name>\n<files>a.py</files>\n</task>"),
    "xml without ends": _lines("<task>"),
    "xml lines": _lines("<verify>`make`</verify>", "<task>\n<name>a</name>\n", "</task>\n"),
    "tags": lambda size: "<tasks>\n" * (size // 18) + "</context>\n" * (size // 22),
    "setext": _lines("a", "", "===\n"),
    "setexts": _lines("a\n===\n- [ ] b"),
    "rules": _lines("---\n***"),
    "blank": lambda size: "- [ ] t1 a\n" + "\n" * size + "b\n",
    "paragraph": _lines("word {n} of a long paragraph"),
    "items of many lines": _lines("  word {n} of a long item", "- [ ] a\n"),
    "needs": _lines("  - Needs: gpu{n}", "- [ ] t1 a\n"),
    "fields": _lines("  - Files: `src/a{n}.py`", "- [ ] t1 a\n"),
    "runs": _lines("  - Run: `make a{n}`", "- [ ] t1 a\n"),
    "criteria": _lines("- [ ] works {n}", "- [ ] t1 a\n\n## Acceptance criteria\n\n"),
    "sections": _lines("## Tasks\n- [ ] a\n## Notes\n- [ ] b\n## Acceptance criteria\n- [ ] c"),
    "order lines": _lines("t{m} -> t{n}", "- [ ] t1 a\n- [ ] t2 b\n\n## Dependencies\n\n"),
    "order of all": _lines("- [ ] t{n} a\n\n## Dependencies\n\nt{m} -> t{n}\n\n## Tasks\n"),
    "named phases": _wide("## Phase {n}: Name of {n}", "Name of {n}, ", "## Dependencies\n\n{all}depends on Phase 1\n"),
    "mermaid lines": _wide("- [ ] t{n} a", "t{n} --> t1\n", "```mermaid\ngraph TD\n{all}```\n"),
    "mermaid fences": _lines("```mermaid\nt1 --> t2\n```", "- [ ] t1 a\n- [ ] t2 b\n"),
    "a verb of all with none": _wide("- [ ] t{n} a", "t{n}, x{n}, ", "## Dependencies\n\n{all} depends on nothing\n"),
    "items below a long heading": _title("- [ ] a\n", "## Notes "),
    "numbers below a long heading": _title("1. a\n", "## Steps "),
    "explicit boxes below a long heading": _title("- [ ] t1 a\n", "## Overview\n### "),
    "boxes below a phase with a long title": _title("- [ ] a\n", "## Phase 1: "),
    "subtasks of a long title": lambda size: f"- [ ] {'w' * (size // 2)}\n" + "  - [ ] a\n" * (size // 20),
    "labels": _lines("**Files:**\n- `a{n}.py`", "- [ ] t1 a\n\n"),
    "front matter": _lines("k{n}: v", "---\n", "---\n- [ ] a\n"),
    "unclosed front matter": _lines("k{n}: v", "---\n"),
    "carriage returns": lambda size: "- [ ] a\r" * (size // 8),
    "steps": _lines("- [ ] **Step {n}: Run it**\n\n```sh\nmake a{n}\n```", "### Task 1: a\n\n"),
    "kiro": _lines("- [ ] {n}. a\n  - _Requirements: 1.{n}_"),
    "openspec": _lines("## {n}. a\n- [ ] {n}.1 b"),
    "counted": _lines("- [ ] {n} apples"),
    "series of many words": lambda size: "".join(
        f"## {f'{n:05d}'.translate(_LETTERS)} {k}: x\n" for n in range(size // 24) for k in (1, 2)
    ),
    "tables below numbered headings": _lines("## {n}. a\n\n| ID | Task | Notes |\n|-|-|-|\n| A{n} | x | y |\n"),
    "parts below numbered headings": _lines("### {n}. a\n\n#### {n}.1 b\n\nx\n", "## Tasks\n\n"),
    "numbered headings behind groups": _lines(
        "### {n}. a\n\nx\n", "### 1. a\n\n- [ ] b\n- [ ] c\n\n### 2. a\n\n- [ ] b\n- [ ] c\n\n"
    ),
    "fences that nearly count": _lines("```\n1. a\n2. b\n4. c\n```\n"),
    "a fence that counts": lambda size: "```\n" + "".join(f"{n}. a\n" for n in range(1, size // 10)) + "```\n",
    "headings that wait": _lines("## Issue {n} — a\n\n- **Depends on:** none\n- **b:** c\n", "# Work\n\n"),
    "worded boxes": _lines("1. b\n    - [TODO] a {n}", "## Phase 1: a\n\n"),
    "checkpoints": _lines('<task type="checkpoint:x">\n<what-built>a {n}</what-built>\n</task>'),
    "units": _lines("- U{n}. **Draw it**\n\n**Goal:** x\n", "## Implementation Units\n\n"),
    "the same boxes": lambda size: "".join(f"- [ ] 1.{n % 50} a\n" for n in range(size // 14)),
    "rows that name phases": _lines(
        "| Phase {n} | a{n} | open |", "## Phase 1: a1\n\n- [ ] b\n\n| Phase | Task | Status |\n|-|-|-|\n"
    ),
    "deep headings": _lines("# a\n## b\n### c\n#### d\n##### e\n###### f\n- [ ] g {n}"),
}
"""Many lines each."""

BOUNDED: dict[str, Family] = {
    "one range often": _lines("- [ ] t{n} a blocked-by:t1-t500"),
    "mermaid of all with all": _wide("- [ ] t{n} a", "t{n} & ", "```mermaid\n{all}t1 --> {all}t1\n```\n"),
    "a chain of all with all": _wide("- [ ] t{n} a", "t{n}, ", "## Dependencies\n\n{all} -> {all}\n"),
    "a verb of all with all": _wide("- [ ] t{n} a", "t{n}, ", "## Dependencies\n\n{all} depends on {all}\n"),
}
"""Texts that name far more than they say; such a plan is refused once it names too much."""
