"""Who plans: the planner that was asked for, or with `auto` the first that has credentials."""

from collections.abc import Mapping
from typing import Final

from branchline.asker import agent, chat, messages
from branchline.asker.talk import Planner
from branchline.config import Settings
from branchline.errors import SettingsError, UsageError

PLANNERS: Final = ("auto", "rules", "anthropic", "openai")
AGENT: Final = "agent:"
"""`agent:NAME` is the worker of that name in the settings."""
_TIERS: Final = {
    "anthropic": {"haiku": "claude-haiku-5-5", "sonnet": "claude-sonnet-5-5", "opus": "claude-opus-5-5"},
    "openai": {"haiku": "gpt-5.4-mini", "sonnet": "gpt-5.4", "opus": "gpt-5.5"},
}


def chosen(name: str, settings: Settings, env: Mapping[str, str]) -> Planner:
    """The planner of that name, else of `decompose.planner`; one that cannot be asked says why.

    Raises UsageError for a name that there is not, and SettingsError for a worker that there is not.
    """
    own = settings.decompose
    name = name or own.planner
    if name not in PLANNERS and not name.startswith(AGENT):
        known = ", ".join(PLANNERS)
        raise UsageError(f"there is no planner {name!r}; there are {known} and agent:NAME for a worker of the settings")
    if name.startswith(AGENT):
        settings.worker_named(name.removeprefix(AGENT))
    if name == "rules" or not own.enabled:
        return Planner("rules", why="" if own.enabled else "decompose.enabled is false")
    if name.startswith(AGENT):
        return _agent(name, settings, env)
    made = {"anthropic": _anthropic, "openai": _openai}
    if name != "auto":
        return made[name](settings, env)
    found = [each for make in made.values() if (each := make(settings, env)).send]
    missing = f"neither ANTHROPIC_API_KEY nor {own.key_env} is set"
    return found[0] if found else Planner("rules", why=missing)


def _anthropic(settings: Settings, env: Mapping[str, str]) -> Planner:
    model = _model("anthropic", settings)
    key, token = secret(env, "ANTHROPIC_API_KEY"), secret(env, "ANTHROPIC_AUTH_TOKEN")
    if not (key or token):
        return Planner("anthropic", model, why="ANTHROPIC_API_KEY is not set")
    where = env.get("ANTHROPIC_BASE_URL") or messages.URL
    return Planner("anthropic", model, messages.sender(key, token, where, model, settings.decompose.timeout))


def _openai(settings: Settings, env: Mapping[str, str]) -> Planner:
    """A model of the user's own machine needs no key, only the URL of its server."""
    own, model = settings.decompose, _model("openai", settings)
    where = own.base_url or env.get("OPENAI_BASE_URL") or ""
    key = secret(env, own.key_env)
    if not (key or where):
        return Planner("openai", model, why=f"{own.key_env} is not set, and decompose.base_url neither")
    return Planner("openai", model, chat.sender(key, where or chat.URL, model, own.timeout))


def _agent(name: str, settings: Settings, env: Mapping[str, str]) -> Planner:
    """A worker plans with the model of its own settings; a tier is a name that only Claude Code knows."""
    named, wanted = name.removeprefix(AGENT), settings.decompose.model
    worker = settings.worker_named(named)
    is_known = wanted not in _TIERS["anthropic"] or (worker.kind == "claude" and not worker.model)
    model = wanted if is_known else worker.model
    if why := agent.missing(worker, env):
        return Planner(name, model, why=why)
    return Planner(name, model, agent.sender(named, worker, model, env, settings.decompose.timeout))


def _model(planner: str, settings: Settings) -> str:
    wanted = settings.decompose.model
    return _TIERS[planner].get(wanted, wanted)


def secret(env: Mapping[str, str], name: str) -> str:
    """A key of the environment; raises SettingsError, which does not show it, for one that no header can hold."""
    key = env.get(name, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(f"{name} in the environment holds characters that no key has; set it again")
    return key
