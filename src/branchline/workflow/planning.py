"""Who splits the goals of a plan, and what that has taken."""

import random
from pathlib import Path
from typing import Any, NamedTuple

from branchline.asker import Answers, Asker, Planner, Usage, chosen
from branchline.decompose import is_folder
from branchline.decompose import split as recursion
from branchline.decompose.around import around
from branchline.files import read_text
from branchline.model.plan import DraftGraph
from branchline.terminal import safe
from branchline.workflow.console import Console
from branchline.workflow.project import Project


class Planned(NamedTuple):
    """The planner that was taken and what its questions took."""

    planner: Planner
    usage: Usage = Usage()

    def table(self) -> dict[str, Any]:
        """The JSON key `planner`: its name and model, requests sent, answers known already, tokens, US dollars if told."""
        used = self.usage._asdict()
        counts = {name: used.pop(name) for name in ("requests", "known", "usd")}
        return {
            "name": self.planner.name,
            "model": self.planner.model,
            "why": self.planner.why,
            **counts,
            "tokens": used,
        }

    def words(self) -> str:
        """The same in one line for people."""
        named, used = f"Planner: {safe(' '.join(self.planner[:2]).strip())}", self.usage
        if self.planner.name == "rules":
            return f"{named} ({safe(self.planner.why)})" if self.planner.why else named
        tokens = used.input + used.output + used.cache_read + used.cache_write
        cost = f", ${used.usd:.4f}" if used.usd else ""
        return f"{named}: {used.requests} requests, {used.known} answers known already, {tokens} tokens{cost}"


RULES = Planned(Planner("rules"))


def split(
    console: Console, project: Project, path: Path, draft: DraftGraph, name: str, *, write: bool
) -> tuple[DraftGraph, Planned]:
    """The draft with its goals split by the planner of that name, and which planner that was."""
    planner, own = chosen(name, project.settings, project.env), project.settings.decompose
    if planner.name == "rules":
        return draft, Planned(planner)
    asker = Asker(planner, Answers(project.root, write=write), console.sleep, random.random)
    lines = [] if is_folder(path) else read_text(path).split("\n")
    draft = recursion.split(
        draft, lines, asker, lambda: around(project.root, project.env, own.tree), depth=own.max_depth
    )
    return draft, Planned(planner, asker.usage)
