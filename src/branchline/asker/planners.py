"""Who plans: the planner that was asked for, or with `auto` the first that has credentials."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from branchline import workers
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
    found = [make(settings, env) for make in made.values()]
    asked = next((each for each in found if each.send), None)
    return asked or Planner("rules", why="; ".join(each.why for each in found))


def _anthropic(settings: Settings, env: Mapping[str, str]) -> Planner:
    names, model = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), _model("anthropic", settings)
    key, token = (env.get(name, "").strip() for name in names)
    if why := _unusable(env, names) or ("" if key or token else "ANTHROPIC_API_KEY is not set"):
        return Planner("anthropic", model, why=why)
    where = env.get("ANTHROPIC_BASE_URL") or messages.URL
    send = messages.sender(key, token, where, model, settings.decompose.timeout)
    return _allowed(Planner("anthropic", model, send, prices=settings.prices), settings)


def _openai(settings: Settings, env: Mapping[str, str]) -> Planner:
    """A model of the user's own machine needs no key, only the URL of its server."""
    own, model = settings.decompose, _model("openai", settings)
    where, key = own.base_url or env.get("OPENAI_BASE_URL") or "", env.get(own.key_env, "").strip()
    missing = f"{own.key_env} is not set, and decompose.base_url neither"
    if why := _unusable(env, [own.key_env]) or ("" if key or where else missing):
        return Planner("openai", model, why=why)
    send = chat.sender(key, where or chat.URL, model, own.timeout)
    return _allowed(Planner("openai", model, send, prices=settings.prices), settings)


def _agent(name: str, settings: Settings, env: Mapping[str, str]) -> Planner:
    """A worker plans with the model of its own settings; a tier is a name that only Claude Code knows."""
    named, wanted = name.removeprefix(AGENT), settings.decompose.model
    worker = settings.worker_named(named)
    is_known = wanted not in _TIERS["anthropic"] or (worker.kind == "claude" and not worker.model)
    model = wanted if is_known else worker.model or settings.role_named(agent.ROLE).model
    if why := agent.missing(worker, env):
        return Planner(name, model, why=why)
    prices = None if workers.is_flat(worker, env, model) else settings.prices
    planner = Planner(name, model, agent.sender(named, worker, model, env, settings.decompose.timeout), prices=prices)
    return _allowed(planner, settings) if workers.get(worker.kind).PROGRAM else planner  # a user's program has no model


def _allowed(planner: Planner, settings: Settings) -> Planner:
    """The planner, not to be asked where `allowed_models` has its model neither alone nor behind its provider."""
    try:
        if not settings.allows(f"{planner.name}/{planner.model}"):
            settings.check_model(planner.model, planner.name)
    except SettingsError as error:
        return planner._replace(send=None, why=error.message)
    return planner


def _model(planner: str, settings: Settings) -> str:
    wanted = settings.decompose.model
    return _TIERS[planner].get(wanted, wanted)


def _unusable(env: Mapping[str, str], names: Iterable[str]) -> str:
    """What is wrong with a key of the environment that no header can hold, without showing it; empty when nothing is."""
    wrong = (name for name in names if not re.fullmatch(r"[!-~]*", env.get(name, "").strip()))
    return next((f"{name} in the environment holds characters that no key has" for name in wrong), "")
