"""`oc`: look at OpenCode servers, talk with their sessions, and answer what they ask; one function for each verb."""

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from branchline.config import InstanceSettings
from branchline.errors import BranchlineError, NotFoundError, RemoteError, SettingsError, UsageError
from branchline.model.run import ServerSessionRow
from branchline.opencode_api import Client
from branchline.opencode_api.rows import Session, Waiting
from branchline.sessions import oc, oc_words
from branchline.terminal.text import many
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.models import nearest
from branchline.workflow.oc_desk import Asked, Desk, desk
from branchline.workflow.project import open_project


def instances(there: Desk, asked: Asked) -> Answer:
    """The health of each server."""
    found, errors = there.each(lambda client: client.health())
    rows = [
        {
            "instance": name,
            "url": own.url,
            "healthy": name in found,
            "version": found.get(name, ""),
            "health": f"OpenCode {found[name]}" if name in found else "no answer",
        }
        for name, own in there.project.settings.instances.items()
        if asked.instance in ("", name)
    ]
    return _answer({"instances": rows}, errors)


def sync(there: Desk, asked: Asked) -> Answer:
    """See anew which sessions there are; what is kept is only a cache, and the models that were named for them."""
    found, errors = there.each(lambda client: client.sessions(tuple(there.places(client.name))))
    rows: list[dict[str, Any]] = []
    said = []
    for name, sessions in found.items():
        before = {row.session: row.model for row in there.known(name)}
        there.keep([_row(there, name, each, before.get(each.id, "")) for each in sessions], instead_of=name)
        new = sum(each.id not in before for each in sessions)
        gone = len(before) - (len(sessions) - new)
        places = sorted({each.directory for each in sessions})
        rows.append({"instance": name, "sessions": len(sessions), "new": new, "gone": gone, "directories": places})
        counted = (
            f"{many(len(sessions), 'session')} in {len(places)} {'directory' if len(places) == 1 else 'directories'}"
        )
        said.append(f"{name}: {counted}, {new} new, {gone} gone")
    return _answer({"synced": rows, "said": "\n".join(said)}, errors)


def models(there: Desk, asked: Asked) -> Answer:
    """The models each server can use and the settings allow; with `--all` every one it has heard of."""
    found, errors = there.each(lambda client: client.models(every=asked.all))
    allows = there.project.settings.allows
    rows = [
        {"instance": name, "model": model, "allowed": allows(model)}
        for name, names in found.items()
        for model in names
        if asked.all or allows(model)
    ]
    return _answer({"models": rows}, errors)


def sessions(there: Desk, asked: Asked) -> Answer:
    """The sessions of each server, the newest first."""
    found, errors = there.each(lambda client: client.sessions(tuple(there.places(client.name))))
    rows = []
    for name, each_of in found.items():
        sticky = {row.session: row.model for row in there.known(name)}
        shown = [(each, sticky.get(each.id) or each.model) for each in each_of]
        kept = [_session(name, each, model) for each, model in shown if asked.model in ("", model)]
        rows += kept[: asked.limit or None]
    return _answer({"sessions": rows}, errors)


def status(there: Desk, asked: Asked) -> Answer:
    """What every session does, or the one that is named."""
    errors: dict[str, str] = {}
    if asked.words:
        client, one = there.find(asked.words[0])
        looks = {client.name: [oc.look(client, one, there.pool)]}
    else:
        looks, errors = there.each(lambda client: oc.survey(client, there.pool, there.places(client.name)))
    rows = [
        {
            **_session(name, each.session, each.session.model),
            "state": each.state,
            "reason": each.reason,
            "permissions": [waits.id for waits in each.waiting if waits.kind != "question"],
            "questions": [waits.id for waits in each.waiting if waits.kind == "question"],
        }
        for name, found in looks.items()
        for each in found
    ]
    return _answer({"sessions": rows, "counts": oc_words.counts(rows)}, errors)


def create(there: Desk, asked: Asked) -> Answer:
    """Start a session in a directory, which is made when it is not there; its model is remembered."""
    names = [*there.clients, *there.closed]
    if len(names) > 1:
        raise UsageError(f"oc create: on which of {', '.join(names)}? branchline oc INSTANCE create")
    ((name, client),) = there.clients.items()
    if asked.model:
        _check_model(there, client, asked.model)
    own = there.project.settings.instances[name]
    home = own.projects_path or client.home()
    place = oc.place(asked.directory, own.projects_path, home)
    known = {each.directory for each in client.sessions(tuple(there.places(name)))}
    made, was_made = oc.create(client, place, asked.title, yolo=asked.yolo, known=known)
    there.keep([_row(there, name, made, asked.model)])
    said = f"{made.id} in {made.directory}" + (", which was made as a git repository" if was_made else "")
    return _answer({**_session(name, made, asked.model), "made": was_made, "said": said})


def prompt(there: Desk, asked: Asked) -> Answer:
    """Hand a prompt to a session, by the model that is named now or was last, and see that it arrived."""
    word, *rest = asked.words
    text = " ".join(rest)
    if not text.strip():
        raise UsageError("oc prompt: the prompt is empty")
    client, to = there.find(word)
    model = asked.model or there.sticky(client.name, to.id)
    there.project.settings.check_model(model or to.model, "oc prompt")
    if model:
        _check_model(there, client, model)
    state, reason = oc.prompt(client, to, text, model, oc.Clock(there.console.clock, there.console.sleep))
    if asked.model:
        there.keep([_row(there, client.name, to, model)])
    data = {"instance": client.name, "session": to.id, "model": model, "state": state, "reason": reason}
    return _answer({**data, "said": f"{to.id}: delivered, {state}{reason and ': '}{reason}"})


def messages(there: Desk, asked: Asked) -> Answer:
    """The last messages of a session."""
    client, one = there.find(asked.words[0])
    rows = [
        {**each._asdict(), "tools": [{"tool": tool, "state": state} for tool, state in each.tools]}
        for each in client.messages(one, asked.limit or 20)
    ]
    return _answer({"instance": client.name, "session": one.id, "messages": rows})


def abort(there: Desk, asked: Asked) -> Answer:
    """Stop what a session does."""
    client, one = there.find(asked.words[0])
    busy = oc.abort(client, one)
    said = f"{one.id}: {'stopped' if busy else 'it did nothing'}"
    return _answer({"instance": client.name, "session": one.id, "was_busy": busy, "said": said})


def waiting(there: Desk, asked: Asked, key: str, head: str) -> Answer:
    """What sessions ask leave for (`per`), or what they ask (`que`)."""
    lists, errors = there.waiting(head)
    rows = [
        {
            "instance": name,
            **each._asdict(),
            "questions": [{"text": text, "options": options} for text, options in each.questions],
            "options": [option for _, options in each.questions for option in options],
        }
        for name, found in lists.items()
        for each in found
    ]
    return _answer({key: rows}, errors)


def approve(there: Desk, asked: Asked) -> Answer:
    """Allow what a session asks leave for, once or always."""
    client, waits = there.pick(asked.words[0], "per")
    client.reply(waits, "always" if asked.always else "once")
    return _replied(client, waits, "allowed for this directory" if asked.always else "allowed once")


def reject(there: Desk, asked: Asked) -> Answer:
    """Refuse what a session asks leave for, or leave its question without an answer."""
    client, waits = there.pick(asked.words[0], "per", "que")
    if waits.kind == "question":
        client.decline(waits)
    else:
        client.reply(waits, "reject", asked.message or oc.REFUSED)
    return _replied(client, waits, "refused")


def answer(there: Desk, asked: Asked) -> Answer:
    """Answer a session's question."""
    client, waits = there.pick(asked.words[0], "que")
    given = oc.answers(waits, asked.words[1:])
    client.answer(waits, given)
    return _replied(client, waits, "answered: " + ", ".join(label for each in given for label in each))


def diagnose(there: Desk, asked: Asked) -> Answer:
    """What a session needs, checked one after the other; a fault is exit status 4."""
    word = asked.words[0]
    if asked.instance or len(there.project.settings.instances) == 1:
        (client,) = there.clients.values()
    else:
        client, _ = there.find(word)
    found = [each._asdict() for each in oc.diagnose(client, word, there.pool, there.places(client.name))]
    bad = [f"{each['check']}: {each['said']}" for each in found if not each["ok"]]
    data = {"instance": client.name, "session": word, "findings": found}
    return Answer(data, oc_words.text(data), 4 if bad else 0, "; ".join(bad))


def _check_model(there: Desk, client: Client, model: str) -> None:
    """A model that a server does not know is no error to it: the prompt is taken, and nothing ever comes of it."""
    there.project.settings.check_model(model, "--model")
    known = client.models()
    if model not in known:
        raise SettingsError(f"{client.name} has no model {model!r}{nearest(model, known)}")


def _replied(client: Client, waits: Waiting, said: str) -> Answer:
    data = {"instance": client.name, "request": waits.id, "session": waits.session}
    return _answer({**data, "said": f"{waits.id} of {waits.session} ({waits.text}): {said}"})


def _session(name: str, each: Session, model: str) -> dict[str, Any]:
    return {"instance": name, **each._asdict(), "model": model}


def _row(there: Desk, name: str, each: Session, model: str) -> ServerSessionRow:
    return ServerSessionRow(name, each.id, each.directory, each.title, model, there.console.clock())


def _answer(data: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> Answer:
    if errors is None:
        return Answer(data, oc_words.text(data))
    data = {**data, "errors": errors}
    text = oc_words.text(data)
    if not errors:
        return Answer(data, text)
    return Answer({"code": RemoteError.code, **data}, text, RemoteError.exit_status, "; ".join(errors.values()))


VERBS: Final[dict[str, Callable[[Desk, Asked], Answer]]] = {
    "instances": instances,
    "sync": sync,
    "models": models,
    "sessions": sessions,
    "create": create,
    "prompt": prompt,
    "messages": messages,
    "abort": abort,
    "status": status,
    "permissions": partial(waiting, key="permissions", head="per"),
    "approve": approve,
    "reject": reject,
    "questions": partial(waiting, key="questions", head="que"),
    "answer": answer,
    "diagnose": diagnose,
}
TAKES: Final = {
    "prompt": ("SESSION", "TEXT..."),
    "messages": ("SESSION",),
    "abort": ("SESSION",),
    "status": ("[SESSION]",),
    "approve": ("REQUEST",),
    "reject": ("REQUEST",),
    "answer": ("REQUEST", "TEXT..."),
    "diagnose": ("SESSION",),
}
"""Verb -> the words it takes after the instance."""


def run(console: Console, words: Sequence[str], asked: Asked) -> Answer:
    """Do one verb; `words` are verb and instance in either order, then what the verb takes.

    An instance that does not answer is named, the others are shown, and the exit status is 1.
    """
    project = open_project(console)
    asked = read(words, asked, project.settings.instances)
    with desk(project, console, asked) as there:
        return VERBS[asked.verb](there, asked)


def read(words: Sequence[str], asked: Asked, instances: Mapping[str, InstanceSettings]) -> Asked:
    """Tell verb, instance and the rest apart; raises UsageError, or NotFoundError naming the nearest."""
    head, rest = (words[0] if words else ""), list(words[1:])
    if rest and rest[0] in VERBS and (head in instances or head not in VERBS):  # an instance may be called like a verb
        if head not in instances:
            raise _no_instance(head, instances)
        asked, head = asked._replace(instance=head), rest.pop(0)
    if head not in VERBS:
        word = rest[0] if rest and head in instances else head
        said = f"oc {word} needs a verb" if word in instances else f"oc has no verb {word!r}"
        raise UsageError(f"{said}; {_nearest(word, VERBS)}")
    if not asked.instance and rest and rest[0] in instances:
        asked = asked._replace(instance=rest.pop(0))
    takes = TAKES.get(head, ())
    least = len([word for word in takes if not word.startswith("[")])
    if len(rest) > len(takes) and not (takes and takes[-1].endswith("...")):
        raise UsageError(f"oc {head}: {rest[len(takes)]!r} is too much") if takes else _no_instance(rest[0], instances)
    if len(rest) < least:
        raise UsageError(
            f"oc {head} needs {' '.join(takes[len(rest) :])}: branchline oc INSTANCE {head} {' '.join(takes)}"
        )
    if not instances:
        raise SettingsError(
            'no OpenCode server is named in the settings; add [instances.NAME] with url = "http://127.0.0.1:4096", '
            "or say: branchline oc import instances.json"
        )
    return asked._replace(verb=head, words=tuple(rest))


def _no_instance(name: str, instances: Mapping[str, InstanceSettings]) -> BranchlineError:
    return NotFoundError(f"no instance is called {name!r}; {_nearest(name, instances)}")


def _nearest(word: str, names: Collection[str]) -> str:
    near = get_close_matches(word, names, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
