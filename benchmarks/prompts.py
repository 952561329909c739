"""How long the prompts are: about how many tokens a page has beside the task's own text, its lineage and its conduct.

A token is counted as a word or a mark, or four characters where that gives more; tokenizers of models find fewer.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from branchline import prompts
from branchline.model.plan import Check, DraftGraph, FileRef, Task

LONG = "A title that goes on for quite a while, as people write them who want to be exact about all of it "
ALONE = DraftGraph("plan.md", "d", "x", "Ship the report.", (Task("1", "Write it"),))
FAMILY = DraftGraph(
    "plan.md", "d", "x", "A CRM for small shops, with contacts, deals and mail.",
    (
        Task("1", "Build a CRM", kind="composite"),
        Task("1.1", "Contact management", parent="1"),
        Task("1.2", "Deal pipeline", parent="1", files=(FileRef("src/deal.py", "create"),), checks=(Check("pytest -q"),)),
        Task("1.3", "Email integration", parent="1"),
    ),
    gate=(Check("make test"),),
)  # fmt: skip
CROWD = DraftGraph(
    "plan.md", "d", "x", LONG * 40,
    (
        Task("1", LONG, kind="composite"),
        Task("1.1", LONG, kind="composite", parent="1"),
        Task("1.1.1", LONG, kind="composite", parent="1.1"),
        *(Task(f"1.1.1.{n}", LONG if n != 50 else "T", parent="1.1.1") for n in range(1, 101)),
    ),
    gate=(Check("make test"),),
)  # fmt: skip
RESULTS = [(f"2.{n}", LONG, "What was found, with its places. " * 50) for n in range(1, 21)]
CASES: dict[str, tuple[DraftGraph, str, dict[str, Any]]] = {
    "a task alone": (ALONE, "1", {}),
    "a task of four, a result before it": (FAMILY, "1.2", {"results": RESULTS[:1]}),
    "one of a hundred below three long titles, twenty results": (CROWD, "1.1.1.50", {"results": RESULTS}),
}


def main() -> None:
    """Print a row for each case; `--json` prints them as one line."""
    rows = [{"case": name, **measured(*case)} for name, case in CASES.items()]
    if "--json" in sys.argv:
        print(json.dumps(rows))
        return
    print(f"{'case':58} {'page':>6} {'beside the task':>16} {'lineage':>8} {'conduct':>8}")
    for row in rows:
        print(f"{row['case']:58} {row['page']:6} {row['beside']:16} {row['lineage']:8} {row['conduct']:8}")
    print("aims: beside the task at most 1,500, lineage and conduct at most 500 each")


def measured(draft: DraftGraph, name: str, more: dict[str, Any]) -> dict[str, int]:
    """The tokens of one page and of its parts."""
    task = next(task for task in draft.tasks if task.id == name)
    folder = "/home/someone/work/project/.branchline/worktrees/r1/1.1.1.50/.branchline"
    context = prompts.context(
        draft, task, exit_file=f"{folder}/answer.json", results_folder=f"{folder}/results", **more
    )
    page = prompts.tokens(prompts.render(context))
    own = prompts.tokens("\n".join([task.title, task.title, *context["checks"], *(f.path for f in task.files)]))
    parts = {part: prompts.tokens(prompts.render(context, f"{part}.md.j2")) for part in ("lineage", "conduct")}
    return {"page": page, "beside": page - own, **parts}


if __name__ == "__main__":
    main()
