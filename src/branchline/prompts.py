"""pure: task and lineage to the exact text a worker gets

Text that came from a plan, a repository or a worker is data: it is fenced or put on one line, Branchline's own markers
in it are defused, and characters that a reader cannot see are written as escapes.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from branchline.errors import InputError
from branchline.model.plan import DraftGraph, Task
from branchline.patterns import late

if TYPE_CHECKING:
    from jinja2 import Environment

Named = tuple[str, str]
"""An id and a title."""

THIS: Final = "<-- THIS TASK"
RULES: Final = 'LINEAGE RULES: Focus ONLY on "<-- THIS TASK". Stub sibling deps. Exit BLOCKED if hard dependency.'
MAX_TITLE: Final = 300
MAX_GOAL: Final = 500
MAX_QUOTE: Final = 8_000
MAX_LINEAGE: Final = 220
"""About how many tokens the lineage of a page may have: a large family is told in short."""
MAX_RESULTS: Final = 500
"""How many characters of what tasks before this one have said stand in a page; the rest stands in files it names."""
SHOWN_RESULTS: Final = 5
"""And of how many tasks."""
MAX_STEPS: Final = 1_000_000
"""Steps that all loops of one template may take."""
MAX_NUMBER: Final = 100_000
RULE_NAMES: Final = ("todos", "commits", "lint", "order", "subagents", "verify", "context", "decide", "block")
"""The parts of the rules of conduct, each of which can be switched off."""

_GROWING: Final = frozenset({"center", "expandtabs", "format", "indent", "ljust", "replace", "rjust", "zfill"})
"""Methods and filters that make a long text of a short one; templates have none of them."""
_HERE: Final = Path(__file__).resolve().parent
# Controls but newline and tab, bidi controls, zero-width and tag characters, line separators, lone surrogates.
_UNSEEN: Final = late(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKER: Final = late(r"<\s*-{1,3}\s*THIS\s+TASK|(LINEAGE\s+RULES|TASK\s+LINEAGE)\s*[:：]", re.I)
_TICKS: Final = late(r"`+")
_INCLUDE: Final = re.compile(r'[ \t]*\{% include "([\w.]+)" %\}\n?')
_PIECE: Final = late(r"\w+|[^\w\s]")


def tokens(text: str) -> int:
    """Say about how many tokens a text has: words and marks, or a quarter of its characters where that is more."""
    return max(len(_PIECE.findall(text)), -(-len(text) // 4))


def lineage(chain: Sequence[Named], siblings: Sequence[Named], task_id: str, limit: int = 0) -> str:
    """Draw the lineage block; empty for a task without a parent.

    `chain` holds the ancestors from the root down, `siblings` all children of the last of them in their order, the task
    among them. Each level stands two spaces deeper; siblings are numbered by their place (DESIGN, section 9). A block of
    more tokens than `limit` (0: any) gets shorter titles, and then only the siblings next to the task.
    """
    return block(chain, siblings, next((at for at, (id, _) in enumerate(siblings) if id == task_id), None), limit)


def block(chain: Sequence[Named], siblings: Sequence[Named], current: int | None, limit: int = 0) -> str:
    """Draw the lineage block as `lineage`, the task being sibling number `current`, from 0; an empty id is not shown."""
    if not chain:
        return ""
    drawn, here = "", current or 0
    for title, near in ((MAX_TITLE, len(siblings)), (60, 12), (60, 3), (30, 1)):
        drawn = _drawn(chain, siblings, current, title, range(max(0, here - near), min(len(siblings), here + near + 1)))
        if not limit or tokens(drawn) <= limit:
            break
    return drawn


def _drawn(chain: Sequence[Named], siblings: Sequence[Named], current: int | None, title: int, shown: range) -> str:
    deep, lines = "  " * len(chain), ["TASK LINEAGE:"]
    lines += [f"{'  ' * depth}{depth}. [parent] {_titled(each, title)}" for depth, each in enumerate(chain)]
    lines += [f"{deep}... {shown.start} before"] if shown.start else []
    for at in shown:
        lines.append(f"{deep}{at + 1}. {_titled(siblings[at], title)}{f' {THIS}' if at == current else ''}")
    lines += [f"{deep}... {len(siblings) - shown.stop} after"] if shown.stop < len(siblings) else []
    return "\n".join([*lines, RULES])


def _titled(named: Named, limit: int) -> str:
    title = one_line(named[1], limit)
    return f"{title} ({one_line(named[0])})" if named[0] else title


def defuse(text: str) -> str:
    """Break Branchline's own markers in a text and show the characters that a reader could not see as escapes."""
    if not text.isprintable():  # most of what is on one line is
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if not ("<" in text or ":" in text or "：" in text):  # no marker is without all of them, and most texts are
        return text
    return _MARKER.sub(lambda found: "(this task)" if found[1] is None else f"({found[1].lower()})", text)


def one_line(text: object, limit: int = MAX_TITLE) -> str:
    """Bring a text on one line of at most `limit` characters, defused."""
    line = defuse(" ".join(str(text).split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def code(text: object) -> str:
    """Write a short text as a code span whose fence is longer than any run of back-ticks in it."""
    line = defuse(" ".join(str(text).splitlines()))
    ticks = "`" * (_longest(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fenced(text: object, tag: str = "text", limit: int = MAX_QUOTE) -> str:
    """Quote a text in a fence longer than any run of back-ticks in it, defused, cut after `limit` characters."""
    body = defuse(str(text)).strip("\n")
    if len(body) > limit:
        body = body[:limit] + f"\n[... {len(body) - limit} characters more]"
    fence = "`" * max(3, _longest(body) + 1)
    return f"{fence}{tag}\n{body}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0) if "`" in text else 0


class Family(NamedTuple):
    """A graph's tasks by id, and the children of each in document order; made once for many prompts."""

    by_id: Mapping[str, Task]
    children: Mapping[str, Sequence[Named]]


def family(draft: DraftGraph) -> Family:
    """Index a graph for `context`; linear in its tasks."""
    children: dict[str, list[Named]] = {}
    for task in draft.tasks:
        if task.parent is not None:
            children.setdefault(task.parent, []).append((task.id, task.title))
    return Family({task.id: task for task in draft.tasks}, children)


def relatives(index: Family, task: Task) -> tuple[list[Named], Sequence[Named]]:
    """Give the ancestors of a task from the root down, and all children of its parent in document order."""
    chain: list[Named] = []
    at = task.parent
    while at is not None and at in index.by_id and len(chain) <= len(index.by_id):
        chain.insert(0, (at, index.by_id[at].title))
        at = index.by_id[at].parent
    return chain, index.children.get(task.parent or "", ())


def context(
    draft: DraftGraph,
    task: Task,
    *,
    exit_file: str,
    instructions: Iterable[str] = (),
    reading: Iterable[str] = (),
    answers: Sequence[tuple[str, str]] = (),
    results: Sequence[tuple[str, str, str]] = (),
    results_folder: str = "",
    told: Sequence[tuple[str, str, str]] = (),
    missing: Sequence[str] = (),
    failure: str = "",
    tried: str = "",
    kept: str = "",
    stays: bool = False,
    conflict: str = "",
    note: str = "",
    rules: Iterable[str] = RULE_NAMES,
    read_only: bool = False,
    index: Family | None = None,
) -> dict[str, Any]:
    """Gather what the templates show; every name they use is in the result.

    `instructions` are paths of files to obey, `reading` of others to read; `answers` pairs of question and answer, `told`
    triples of another task's id, its question and the answer; `results` of dependencies as id, title and summary, which
    stands in full in `results_folder` where it is one of `long_results`; `missing` the pieces an earlier attempt left out;
    `failure`, `tried` (what it said), `conflict` and `note` free text about earlier attempts, `kept` the ref of their
    work, `stays` says that it is in the worktree of a session that knows nothing of it; `rules` names of RULE_NAMES;
    `read_only` says that its role may not edit; `index` saves indexing the graph again for each of its tasks.
    """
    return {
        "goal": _cut(draft.goal, MAX_GOAL) if draft.goal.strip() else "",
        "plan": draft.plan,
        "task": task,
        "work_files": [file for file in task.files if file.role != "mention"],
        "mentioned": [*(file.path for file in task.files if file.role == "mention"), *reading],
        "checks": [check.run for check in task.checks],
        "gate": [check.run for check in draft.gate],
        "lineage": lineage(*relatives(index or family(draft), task), task.id, MAX_LINEAGE),
        "instructions": list(dict.fromkeys([*instructions, *task.instructions])),
        "answers": list(answers),
        "results": [(id, title, _cut(text, _share(results))) for id, title, text in results[:SHOWN_RESULTS]],
        "more_results": max(0, len(results) - SHOWN_RESULTS),
        "results_folder": results_folder if long_results(results) else "",
        "told": list(told),
        "missing": list(missing),
        "failure": failure,
        "tried": tried,
        "kept": kept,
        "stays": stays,
        "conflict": conflict,
        "note": note,
        "rules": frozenset(rules),
        "read_only": read_only,
        "exit_file": exit_file,
    }


def long_results(results: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Give id and summary of the results that do not stand in full in a page, and so must in files `ID.md`."""
    most = _share(results)
    return [(id, text) for at, (id, _, text) in enumerate(results) if at >= SHOWN_RESULTS or len(text) > most]


def _share(results: Sequence[tuple[str, str, str]]) -> int:
    """How many characters each of the summaries may have, so that all of them together stay short."""
    return MAX_RESULTS // max(1, min(len(results), SHOWN_RESULTS))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} [...]"


def render(context: Mapping[str, Any], template: str = "delegate.md.j2", search: Sequence[Path] = ()) -> str:
    """Render a template to the exact text a worker gets; the same context gives the same text.

    `delegate.md.j2` is the whole page, `resume.md.j2` what is new for a worker that goes on in its own session, and
    `diagnose.md.j2` the page of who is to find out why a worker failed.
    Templates are looked for in the folders of `search`, then in the package, then in the source tree. Raises InputError
    for a template that cannot be rendered: a name that the context does not have is an error, never an empty place, and
    so is what only a hostile one does (private attributes, millions of steps or letters, files from elsewhere).
    """
    from jinja2 import TemplateError

    try:
        text = (
            _environment(tuple(search))
            .get_template(template)
            .render({**context, "_steps": functools.partial(_steps, itertools.count(1))})
        )
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        what = str(error) or type(error).__name__
        raise InputError(f"the prompt template {template} cannot be rendered: {what}") from None
    while "\n\n\n" in text:  # ten times as fast as a pattern
        text = text.replace("\n\n\n", "\n\n")
    return text.strip().replace("\0", "\n") + "\n"


def _bounded() -> "type[Environment]":
    """The sandbox of Jinja with an end to what one template may do: steps of its loops, length of a text it multiplies."""
    from jinja2 import nodes
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            """Numbers only, and small ones: a text or a list that is multiplied fills the memory."""
            if not all(isinstance(each, int) and abs(each) <= MAX_NUMBER for each in (left, right)):
                raise SecurityError(f"{operator} is for small numbers only")
            return super().call_binop(context, operator, left, right)

        def make_globals(self, d: Any) -> dict[str, Any]:
            """All names at once: Jinja looks through a chain of them for each page and each part of one."""
            return {**self.globals, **(d or {})}

        def wrap_str_format(self, value: Any) -> None:
            """Nothing is formatted, so there is nothing to make safe."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            if isinstance(value, str):  # no text does anything: it need not be asked what it belongs to
                return not attr.startswith("_")
            return attr not in _GROWING and super().is_safe_attribute(obj, attr, value)

        def _part(self, name: str) -> str:
            """A part, as it stands in the page that it is part of: made with it, it costs each page less than by itself.

            Behind a tag its page goes on on the next line, as Jinja has it, which takes one line break after each tag.
            """
            assert self.loader is not None  # noqa: S101 - it is given one below
            text = self.loader.get_source(self, name)[0].removesuffix("\n")
            return text + "\n" * text.endswith("%}")

        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            source = _INCLUDE.sub(lambda found: self._part(found[1]), source)
            tree = super()._parse(source, name, filename)
            for loop in tree.find_all(nodes.For):
                steps = nodes.Name("_steps", "load", lineno=loop.lineno)
                loop.iter = nodes.Call(steps, [loop.iter], [], None, None, lineno=loop.lineno).set_environment(self)
            return tree

    return Bounded


def _steps(counter: "Iterator[int]", values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if next(counter) > MAX_STEPS:
            raise OverflowError(f"its loops take more than {MAX_STEPS} steps")
        yield value


def _held(text: object, tag: str = "text", limit: int = MAX_QUOTE) -> str:
    """Quote a text so that tidying up the blank lines around it leaves its own alone; NUL never survives `defuse`."""
    return fenced(text, tag, limit).replace("\n", "\0")


@functools.lru_cache(maxsize=8)
def _environment(search: tuple[Path, ...]) -> "Environment":
    from jinja2 import FileSystemLoader, StrictUndefined

    folders = [*search, _HERE / "_templates", _HERE.parents[1] / "prompts"]
    environment = _bounded()(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=False,  # markdown for a model, not HTML; data is fenced by the filters below
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
        cache_size=-1,  # all of them, without the book-keeping of which was used last
    )
    environment.filters = {name: each for name, each in environment.filters.items() if name not in _GROWING}
    del environment.globals["lipsum"]
    environment.filters.update(one_line=one_line, code=code, fenced=_held)
    return environment
