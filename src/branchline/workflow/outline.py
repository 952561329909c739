"""The pieces that read plans and graphs: the batch verbs on them, lineage blocks, and texts split by rules."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline import decompose as reading
from branchline import prompts
from branchline.config import DecomposeSettings
from branchline.decompose.classify import Kind
from branchline.decompose.classify import classify as by_rules
from branchline.decompose.goal import plan_of_goal
from branchline.errors import InputError, NoTasksError, UsageError
from branchline.files import MAX_LINE, MAX_PLAN_BYTES, load_json, read_text
from branchline.graph import store as graphs
from branchline.graph.build import from_plan
from branchline.model.plan import DraftGraph
from branchline.review.policy import held
from branchline.schedule.view import View
from branchline.terminal import safe
from branchline.workflow import reviewing
from branchline.workflow.answer import Answer
from branchline.workflow.approval import digest_of, view_of
from branchline.workflow.console import Console
from branchline.workflow.convert import has_subtasks, task_of
from branchline.workflow.payload import decompose_payload
from branchline.workflow.pieces import verdict
from branchline.workflow.planning import RULES, judge, split
from branchline.workflow.project import find_plan, graph_path, open_project

_WITH_ID: Final = re.compile(r"(.*\S)\s*\(([A-Za-z]{0,6}-?\d+(?:\.\d+)*)\)\s*", re.DOTALL)
_TITLES: Final = ("title", "description", "text", "name")


def validate(text: str, name: str) -> Answer:
    """What is wrong with a plan or a stored graph: faults that stop it, and findings that do not."""
    try:
        draft = _graph(text, name)
    except UsageError as fault:
        return verdict({"valid": False, "errors": [fault.message], "warnings": []})
    found = [f"line {each.line}: {each.message}" if each.line else each.message for each in draft.findings]
    return verdict({"valid": True, "errors": [], "warnings": found})


def view(text: str, name: str) -> View:
    """A plan or a stored graph as the scheduler sees it; what a person has to look at first is held."""
    draft = _graph(text, name)
    seen = view_of(draft, 0, {})
    notes = held(draft)
    return seen._replace(state={**seen.state, **dict.fromkeys(notes, "held")}, notes=notes)


def _graph(text: str, name: str) -> DraftGraph:
    if not reading.own_form(text) and (len(text) > MAX_PLAN_BYTES or max(map(len, text.split("\n"))) > MAX_LINE):
        raise InputError(f"{name}: too large for a plan ({MAX_PLAN_BYTES >> 20} MiB, lines of {MAX_LINE >> 20} MiB)")
    draft = reading.graph_of(text, name)
    if not draft.tasks:
        raise NoTasksError(f"{name}: no tasks were found; a plan, a graph or a JSON list of tasks is expected")
    return draft


def lineage_of(console: Console, plan: str, task_id: str) -> Answer:
    """The lineage block of a task of a plan, the newest one unless it is named."""
    project = open_project(console)
    path = find_plan(console, project, plan)
    stored = graph_path(path)
    draft = graphs.read(stored) if stored.exists() else from_plan(reading.read_plan(path, project.name(path)))
    wanted = task_of(draft, task_id, project.name(path))
    return _block(prompts.lineage(*prompts.relatives(prompts.family(draft), wanted), wanted.id), wanted.id)


def lineage_from(console: Console, parents: Sequence[str], children: str, current: str) -> Answer:
    """The lineage block of ancestors, the root first, and the children of the last of them, one being the task.

    `children` is a JSON list of texts or objects, or the name of a file with one; `current` a number from 0, an id, or
    nothing. Raises UsageError for what is none of these.
    """
    chain = [_named(_parent(parent)) for parent in parents]
    above = chain[-1][0] if chain else ""
    siblings = [
        (own or (f"{above}.{place}" if above else ""), title)
        for place, (own, title) in enumerate(map(_named, _children(console, children)), 1)
    ]
    ids = [own for own, _ in siblings]
    place = ids.index(current) if current in ids else int(current) if current.isdecimal() else -1
    if current and not 0 <= place < len(siblings):
        raise UsageError(
            f"--current {current}: must be a number from 0 to {len(siblings) - 1} or the id of one of the children"
        )
    return _block(prompts.block(chain, siblings, place if current else None), ids[place] if current else "")


def _block(text: str, task_id: str) -> Answer:
    return Answer({"task": task_id or None, "lineage": text}, text)


def _parent(text: str) -> Any:
    return load_json(text, "--parent") if text.lstrip().startswith("{") else text


def _children(console: Console, text: str) -> list[Any]:
    given = text.lstrip()[:1] in ("[", "{")
    found = load_json(text if given else read_text(console.directory / Path(text)), "--children" if given else text)
    if isinstance(found, dict):
        found = next((found[key] for key in ("children", "subtasks", "tasks") if key in found), None)
    if not isinstance(found, list) or not found:
        raise UsageError("--children: must be a JSON list of texts, or of objects with title (or description) and id")
    return found


def _named(value: Any) -> prompts.Named:
    """Id and title of a task given as a text, perhaps with its id in brackets at the end, or as an object."""
    own = ""
    if isinstance(value, dict):
        own = str(value.get("id") or value.get("task_id") or "")
        value = next((value[key] for key in _TITLES if isinstance(value.get(key), str)), "")
    if not isinstance(value, str) or not value.strip():
        raise UsageError("each parent and child needs a title: a text, or an object with title (or description) and id")
    found = None if own else _WITH_ID.fullmatch(value)
    return (found[2], found[1]) if found else (own, value.strip())


class Given(NamedTuple):
    """What is known of a task beside its text: its lineage, its depth, and its id with the plan that holds it."""

    lineage: str = ""
    depth: int | None = None
    own: tuple[str, Path] | None = None


def classify(console: Console, text: str, planner: str, given: Given) -> Answer:
    """Whether a task is atomic or composite, by a planner or by rules.

    `lineage` is a block, JSON, or the name of a file with one; without `depth` it is that of the block, else 0. What has
    subtasks in its plan is split already, and nothing is split at the greatest depth: nobody is asked then.
    """
    if not text.strip():
        raise UsageError("there is no text to classify")
    project, block = open_project(console), _lineage_text(console, given.lineage)
    deep = block.count("[parent]") if given.depth is None else given.depth
    if deep < 0:
        raise UsageError(f"--depth {deep}: must be 0 or more")
    most = deepest(project.settings.decompose)
    found, planned = by_rules(text, block, deep, deepest=most)._asdict(), RULES
    if given.own and has_subtasks(console, *given.own).data["has_subtasks"]:
        found = Kind("atomic", 1.0, f"{given.own[0]} has subtasks already; what is split is not split again")._asdict()
    elif not project.settings.decompose.enabled:
        found = Kind("atomic", 1.0, "nothing is split while decompose.enabled is false")._asdict()
    elif deep < most:
        asked, planned = judge(console, project, text, planner, block)
        found = {**found, **(asked or {})}
    words = f"{found['kind']} (confidence {found['confidence']:g}): {safe(found['reasoning'])}"
    return Answer({**found, "planner": planned.table()}, f"{words}\n{planned.words()}")


def _lineage_text(console: Console, given: str) -> str:
    text = (
        given
        if not given or "\n" in given or given.lstrip()[:1] in ("{", "[")
        else read_text(console.directory / given)
    )
    return "\n".join(_texts(load_json(text, "--lineage"))) if text.lstrip()[:1] in ("{", "[") else text


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [each for item in value.values() for each in _texts(item)]
    if isinstance(value, list):
        return [each for item in value for each in _texts(item)]
    return [value] if isinstance(value, str) else []


def decompose_text(console: Console, text: str, planner: str) -> Answer:
    """The parts of a goal in words, by rules and a planner, as `decompose` shows a plan; no graph is stored."""
    if not text.strip():
        raise UsageError("--text: there is no text to decompose")
    project = open_project(console)
    plan = plan_of_goal(text, deepest(project.settings.decompose))
    draft = reading.draft(plan, project.root, project.settings.gate.commands)
    draft, planned = split(console, project, draft, lambda: text, planner, write=project.is_checkout)
    digest = digest_of(project, draft)
    payload = {**decompose_payload(draft, None), "digest": digest, "planner": planned.table()}
    return Answer(payload, f"{reviewing.show(console, project, draft, digest)}\n{planned.words()}")


def deepest(settings: DecomposeSettings) -> int:
    """From which depth on nothing is split, by the settings."""
    return settings.max_depth if settings.enabled else 0
