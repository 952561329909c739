"""`oc import`: the servers of an instances.json become settings; its passwords do not."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from branchline.config import kinds, load
from branchline.config.layers import read_file
from branchline.errors import InputError, UsageError
from branchline.files import read_json, write_durable
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.project import open_project

_LIMIT: Final = 1024 * 1024
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def run(console: Console, words: Sequence[str]) -> Answer:
    """Add the servers of a file to `branchline.toml`; what is there already stays as it is.

    Of a password only the variable is written that it will be read from. Raises InputError for a file of another form.
    """
    if len(words) != 1:
        raise UsageError("oc import takes one file: branchline oc import instances.json")
    path = console.directory / words[0]
    data = read_json(path, _LIMIT)
    project = open_project(console)
    rows = dict(_rows(data, path))
    fresh = {name: row for name, row in rows.items() if name not in project.settings.instances}
    allowed = data.get("allowed_models") if isinstance(data, dict) else None
    head = _allowed(allowed, path) if allowed and not project.settings.allowed_models else ""
    target, source = project.root / "branchline.toml", read_file(project.root)
    if source and source.path != target:
        raise UsageError(f"the settings are in {source.path}, which is not written by us; name the instances there")
    old = target.read_text(encoding="utf-8") if target.exists() else ""
    text = head + old + "".join(_table(name, row, bool(old or head)) for name, row in fresh.items())
    if text != old:
        write_durable(target, text)
        load(project.root, console.env, {})
    passwords = {name: row["password_env"] for name, row in fresh.items() if "password_env" in row}
    said = [f"{target}: {', '.join(fresh) or 'nothing new'}"]
    said += [f"the password of {name} was not copied: put it into ${variable}" for name, variable in passwords.items()]
    kept = sorted(set(rows) - set(fresh))
    said += [f"there already, and left as they are: {', '.join(kept)}"] if kept else []
    return Answer({"added": list(fresh), "kept": kept, "passwords": passwords, "file": str(target)}, "\n".join(said))


def _rows(data: Any, path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Read `{name: {url, ...}}` or `[{name, url, ...}]`, at the top or under `instances`."""
    found = data.get("instances", data) if isinstance(data, dict) else data
    if isinstance(found, list):
        found = {str(row.get("name") or ""): row for row in found if isinstance(row, dict)}
    if not isinstance(found, dict) or not found:
        raise InputError(f"{path}: no instances in it; it should hold an object of names, each with its url")
    for name, row in found.items():
        if isinstance(row, str | dict):
            yield name, _row(name, {"url": row} if isinstance(row, str) else row, path)
        elif name != "allowed_models":
            raise InputError(f"{path}: instance {name!r} must be an object with its url")


def _row(name: str, given: Mapping[str, Any], path: Path) -> dict[str, str]:
    if not name:
        raise InputError(f"{path}: an instance has no name")
    plain = {key.replace("_", "").replace("-", "").lower(): value for key, value in given.items()}
    try:
        row = {"url": kinds.url(plain.get("url") or plain.get("baseurl"), False)}
    except ValueError as error:
        raise InputError(f"{path}: instance {name!r}: its url {error}") from None
    for ours, theirs in (("projects_path", ("projectspath", "projects")), ("username", ("username", "user"))):
        value = next((plain[key] for key in theirs if isinstance(plain.get(key), str) and plain[key]), "")
        row |= {ours: value} if value else {}
    if plain.get("password"):
        row["password_env"] = "OPENCODE_PASSWORD_" + re.sub(r"\W", "_", name.upper())
    return row


def _allowed(models: Any, path: Path) -> str:
    if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
        raise InputError(f"{path}: allowed_models must be a list of texts")
    return f"allowed_models = {json.dumps(models, ensure_ascii=False)}\n"


def _table(name: str, row: Mapping[str, str], below: bool) -> str:
    key = name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    body = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in row.items())
    return f"{chr(10) if below else ''}[instances.{key}]\n{body}"
