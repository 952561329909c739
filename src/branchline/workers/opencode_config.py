"""What OpenCode may do and with whose key: the configuration of one attempt, made from the user's own."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from branchline import files
from branchline.errors import InputError
from branchline.workers import driving, private
from branchline.workers.standing import asking

_NAMES: Final = ("config.json", "opencode.json", "opencode.jsonc")
_ALLOWED: Final = (
    "read",
    "glob",
    "grep",
    "list",
    "lsp",
    "todowrite",
    "todoread",
    "task",
    "skill",
    "webfetch",
    "websearch",
)
_WRITING: Final = ("edit", "write", "patch", "bash")
_PEEKING: Final = ("grep", "lsp", "bash", "task")
# Nobody sits at the terminal: what is asked there is never answered, so what is not allowed is denied, never asked.
_NEVER: Final = ("external_directory", "question", "doom_loop", "plan_enter", "plan_exit")
_KINDS: Final = {
    **dict.fromkeys(("edit", "write", "patch"), "edit"),
    **dict.fromkeys(("glob", "grep", "list"), "search"),
    **dict.fromkeys(("webfetch", "websearch"), "fetch"),
    **dict.fromkeys(("lsp", "skill"), "read"),
    **dict.fromkeys(("todowrite", "todoread", "task"), "think"),
    "bash": "execute",
}
"""OpenCode's names -> the kinds of the Agent Client Protocol, in which a role speaks of any agent's tools."""
_DROPPED: Final = ("permission", "share", "autoshare", "autoupdate", "command", "keybinds", "theme", "tui")
_STRING_OR_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
_STRING_OR_COMMA: Final = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])', re.S)
_FILE: Final = re.compile(r"\{file:([^}]+)\}")


def build(user: Mapping[str, Any], read_only: bool, *, lean: bool = True, reads: Iterable[str] = ()) -> dict[str, Any]:
    """Make the configuration of one attempt: the user's, with a permission block that never asks.

    `reads` are patterns of the only files that may be read; none: all. `lean` leaves out the MCP servers: a minute of
    start-up becomes seconds. Every key of the block is named, because `"*"` does not outrank a key of its own.
    """
    config = {key: value for key, value in user.items() if key not in _DROPPED}
    if lean:
        config.pop("mcp", None)
    for section in ("agent", "mode"):
        agents = config.get(section)
        if isinstance(agents, Mapping):
            # An agent's own block outranks the one below: it could ask, or let a read-only role write.
            config[section] = {name: _without_permission(agent) for name, agent in agents.items()}
    if read_only:
        config.pop("tools", None)
    config["permission"] = _block(read_only) | _reading(reads)
    config.setdefault("$schema", "https://opencode.ai/config.json")
    config["share"] = "disabled"
    config["autoupdate"] = False
    config["snapshot"] = False  # undo is git's here, and a copy of the whole tree at every step costs
    return config


def warm(config: dict[str, Any], agent: str, temperature: float) -> None:
    """Give an agent of a configuration its temperature; OpenCode has no flag for it."""
    agents = config.get("agent")
    known = agents if isinstance(agents, dict) else {}
    own = known.get(agent)
    config["agent"] = {**known, agent: {**(own if isinstance(own, dict) else {}), "temperature": temperature}}


def _block(read_only: bool) -> dict[str, str]:
    return {
        "*": "allow",
        **dict.fromkeys(_ALLOWED, "allow"),
        **dict.fromkeys(_WRITING, "deny" if read_only else "allow"),
        **dict.fromkeys(_NEVER, "deny"),
    }


def _reading(reads: Iterable[str]) -> dict[str, Any]:
    """What bounds the reading of files, and shuts the other ways to what stands in them."""
    ways = {"read": {"*": "deny", **dict.fromkeys(reads, "allow")}, **dict.fromkeys(_PEEKING, "deny")}
    return ways if len(ways["read"]) > 1 else {}


def rules(read_only: bool, told: Mapping[str, str], reads: Iterable[str] = ()) -> list[dict[str, str]]:
    """The same block as rules of one session of a server, where a driver of ours can pass a question on."""
    block: dict[str, Any] = {name: rule(name, read_only, told) for name in _block(read_only)}
    block |= {"question": "allow", **_reading(reads)}
    named = {name: said if isinstance(said, dict) else {"*": said} for name, said in block.items()}
    return [
        {"permission": name, "pattern": pattern, "action": action}
        for name, said in named.items()
        for pattern, action in said.items()
    ]


def rule(permission: str, read_only: bool, told: Mapping[str, str]) -> str:
    """Say what becomes of a request for leave: allow, deny or ask. A child session asks too, for it has rules of its own.

    `told` is what the role says of kinds of tools, by OpenCode's names for them or by the protocol's (`execute`).
    """
    block = _block(read_only)
    if block.get(permission, "deny" if read_only else "allow") == "deny":
        return "deny"
    return driving.rule(told, permission, _KINDS.get(permission, ""))


def _without_permission(agent: Any) -> Any:
    if not isinstance(agent, Mapping):
        return agent
    return {key: value for key, value in agent.items() if key not in {"permission", "tools"}}


def read_user(base: Mapping[str, str]) -> dict[str, Any]:
    """Read the user's own configuration as OpenCode would: the config folder's files, then OPENCODE_CONFIG over them.

    Raises InputError naming a file that cannot be read.
    """
    merged: dict[str, Any] = {}
    for path in _of_user(base):
        merged = _merge(merged, read_jsonc(path, base))
    return merged


def _of_user(base: Mapping[str, str]) -> list[Path]:
    paths = [folder(base, "XDG_CONFIG_HOME", ".config") / name for name in _NAMES]
    if base.get("OPENCODE_CONFIG"):
        paths.append(Path(base["OPENCODE_CONFIG"]))
    return [path for path in paths if path.is_file()]


def asking_rules(base: Mapping[str, str], root: Path) -> Iterator[str]:
    """Name each rule that asks, with its file: in the user's configuration, in that of the checkout `root`, in agents.

    Raises InputError naming a file of the user's that cannot be read; one of the checkout is passed over, for no worker
    reads it.
    """
    own = [root / name for name in _NAMES] + [root / ".opencode" / name for name in _NAMES]
    for path in [*_of_user(base), *(path for path in own if path.is_file())]:
        try:
            config = read_jsonc(path, base)
        except InputError:
            if path in own:
                continue
            raise
        agents = {kind: config.get(kind) for kind in ("agent", "mode")}
        blocks = {"permission": config.get("permission")} | {
            f"{kind}.{name}.permission": agent.get("permission")
            for kind, some in agents.items()
            for name, agent in (some.items() if isinstance(some, dict) else ())
            if isinstance(agent, dict)
        }
        yield from (f"{path}: {rule}" for block, rules in blocks.items() for rule in asking(rules, block))
    for folder_ in (folder(base, "XDG_CONFIG_HOME", ".config"), root / ".opencode"):
        for path in sorted(folder_.glob("agent*/*.md")):
            yield from (f"{path}: {rule}" for rule in asking(_front(path).get("permission"), "permission"))


def _front(path: Path) -> Mapping[str, Any]:
    """Read the head of an agent's page; one that cannot be read has none."""
    try:
        opened, _, rest = private.read_text(path, "OpenCode").partition("---\n")
        found = files.load_yaml(rest.partition("\n---")[0], str(path)) if not opened.strip() else None
    except InputError:
        return {}
    return found if isinstance(found, dict) else {}


def rules_of(text: str) -> Any:
    """Read the rules of OPENCODE_PERMISSION; what is no JSON holds none."""
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}


def read_jsonc(path: Path, base: Mapping[str, str]) -> dict[str, Any]:
    """Read JSON with comments and trailing commas; `{file:...}` is made absolute, for the copy lies elsewhere."""
    text = private.read_text(path, "OpenCode")
    try:
        text = _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
        text = _STRING_OR_COMMA.sub(lambda found: found[0] if found[0].startswith('"') else "", text)
        data = json.loads(
            _FILE.sub(lambda found: _absolute(found[1], path.parent, base), text) if text.strip() else "{}"
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the configuration of OpenCode cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: the configuration of OpenCode must be an object")
    return data


def _absolute(name: str, beside: Path, base: Mapping[str, str]) -> str:
    path = Path(base.get("HOME", "/")) / name[2:] if name.startswith("~/") else beside / name
    return "{file:" + json.dumps(str(path))[1:-1] + "}"


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(under)
    for key, value in over.items():
        old = result.get(key)
        result[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def providers(path: Path) -> list[str]:
    """Name the providers that a written configuration knows; empty when there is none."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = config.get("provider")
    return sorted(found) if isinstance(found, Mapping) else []


def providers_of(model: str, config: Mapping[str, Any]) -> frozenset[str]:
    """Name the providers an attempt will use; empty when that cannot be told."""
    if not model and not config.get("model"):
        return frozenset()
    models = (model or config.get("model"), config.get("small_model"))
    return frozenset(name.partition("/")[0] for name in models if isinstance(name, str) and "/" in name)


def copy_credentials(base: Mapping[str, str], target: Path, wanted: Iterable[str]) -> None:
    """Copy the user's `auth.json` for the providers in `wanted` (all when it is empty), readable by the owner only."""
    names, kept = frozenset(wanted), _logins(base)
    if kept is not None:
        chosen = {name: value for name, value in kept.items() if not names or name in names}
        private.write(target / "auth.json", json.dumps(chosen))


def logins(base: Mapping[str, str]) -> dict[str, str]:
    """Tell of each provider that the user of `base` is logged in to what pays for it: `oauth` (a subscription) or `api`."""
    kept = _logins(base) or {}
    return {name: str(login.get("type")) for name, login in kept.items() if isinstance(login, dict)}


def _logins(base: Mapping[str, str]) -> dict[str, Any] | None:
    """What OpenCode keeps of the user's logins; None for nothing that can be read."""
    try:
        found = json.loads((folder(base, "XDG_DATA_HOME", ".local/share") / "auth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def folder(base: Mapping[str, str], name: str, below: str) -> Path:
    """Give OpenCode's folder in the XDG folder `name` of an environment, which is `below` HOME when it is not set."""
    return Path(base.get(name) or Path(base.get("HOME", "/")) / below) / "opencode"


def settle(target: Path) -> None:
    """Make a configuration folder look installed: OpenCode would fetch 95 MB of plugin library into every new one."""
    (target / "node_modules").mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"@opencode-ai/plugin": "*"}}}}
    private.write(target / "package-lock.json", json.dumps(lock))
