"""What can be asked of one OpenCode server and done to it; plain data out, the words for people are elsewhere.

A server keeps what its sessions do by directory, and answers at its own pace: what can be asked at once is asked at once,
over a pool whose size is the limit.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from shlex import quote
from typing import Final, NamedTuple

from branchline.errors import FailedError, NotFoundError, RemoteError, UsageError
from branchline.opencode_api import ALLOW_ALL, Client
from branchline.opencode_api.rows import Message, Session, Status, Waiting, tidy
from branchline.terminal.text import some

REQUESTS: Final = 45
"""How many requests a look at one server may take: what is left of them goes into reading the newest sessions."""
REFUSED: Final = "The user did not allow this. Go on without it, or say what you need and why."
"""Said with every refusal: without words the server would end the turn in silence."""
DELIVERY: Final = 10.0
"""Seconds in which a prompt that was taken must show."""
SETTLED: Final = 1.0
"""Seconds after which a session that is idle and said nothing is not going to say anything."""
_POLL: Final = 0.1
_PLAIN: Final = re.compile(r"[\w./ @%+=:,~-]+")
_THERE: Final = "branchline: there"
_MADE: Final = "branchline: made"


class Look(NamedTuple):
    """A session and what it does: `idle`, `idle/empty` (its last prompt has no answer), `idle/error`, `busy`, `retry`.

    One that waits for a person is busy; what it waits for is in `waiting`.
    """

    session: Session
    state: str
    reason: str = ""
    waiting: tuple[Waiting, ...] = ()


class Finding(NamedTuple):
    """One check of a diagnosis."""

    check: str
    ok: bool
    said: str


class Clock(NamedTuple):
    """How time passes."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


def survey(client: Client, pool: Executor, known: Sequence[str] = ()) -> list[Look]:
    """Say what every session does, the newest first.

    It takes one request, one for each directory and two for each in which something is busy; then the newest idle
    sessions are read while REQUESTS last. Of the others it is told from their tokens whether anything was ever answered.
    """
    began = client.requests
    sessions, statuses = _statuses(client, pool, known)
    asked: dict[str, list[Waiting]] = {}
    busy = list(dict.fromkeys(each.directory for each in sessions if each.id in statuses))  # what waits is busy
    for each in _waiting(client, pool, sessions, busy):
        asked.setdefault(each.session, []).append(each)
    idle = [each for each in sessions if each.id not in statuses and not each.parent]
    read = idle[: max(0, REQUESTS - (client.requests - began))]
    last = dict(zip(read, pool.map(lambda each: client.messages(each, 1), read), strict=True))
    return [_look(each, statuses.get(each.id), asked.get(each.id, []), last.get(each)) for each in sessions]


def waiting(client: Client, pool: Executor, known: Sequence[str], heads: Sequence[str]) -> list[Waiting]:
    """List what the sessions of a server wait for a person for; `heads` are `per` for leave and `que` for questions."""
    sessions = client.sessions(tuple(known))
    places = list(dict.fromkeys(each.directory for each in sessions))
    return _waiting(client, pool, sessions, places, heads)


def _statuses(client: Client, pool: Executor, known: Sequence[str]) -> tuple[list[Session], dict[str, Status]]:
    sessions = client.sessions(tuple(known))
    places = dict.fromkeys(each.directory for each in sessions)
    found = pool.map(client.statuses, places)
    return sessions, {name: status for table in found for name, status in table.items()}


def _waiting(
    client: Client,
    pool: Executor,
    sessions: Iterable[Session],
    places: Sequence[str],
    heads: Sequence[str] = ("per", "que"),
) -> list[Waiting]:
    """What waits in some directories; a server that makes no difference between them tells the same several times."""
    ask = {"per": client.permissions, "que": client.questions}
    lists = [pool.map(ask[head], places) for head in heads]  # all begin now
    homes = {each.id: each.directory for each in sessions}
    found = {each.id: each for kind in lists for several in kind for each in several}
    return [each._replace(directory=homes.get(each.session, each.directory)) for each in found.values()]


def _look(session: Session, status: Status | None, asked: list[Waiting], last: list[Message] | None) -> Look:
    if asked:
        return Look(session, "busy", "waits: " + "; ".join(f"{each.kind}: {each.text}" for each in asked), tuple(asked))
    if status and status.state != "idle":
        more = f" (attempt {status.attempt})" if status.attempt else ""
        return Look(session, status.state, f"{status.reason}{more}".strip())
    if last is None:
        return Look(session, "idle" if session.output or not session.model else "idle/empty")
    return Look(session, *rest_of(last))


def rest_of(last: Sequence[Message]) -> tuple[str, str]:
    """Say how a session that does nothing came to rest, by its last message; with the reason."""
    if not last:
        return "idle", "never prompted"
    if last[-1].error:
        return "idle/error", last[-1].error
    if last[-1].role == "user":
        return "idle/empty", "its last prompt has no answer; a model that the server does not know ends like this"
    if not last[-1].text and not last[-1].tools:
        return "idle/empty", "its last answer is empty"
    return "idle", ""


def find(sessions: Iterable[Session], word: str, where: str) -> Session:
    """Give the one session whose id is `word` or begins with it; raises NotFoundError, or UsageError for several."""
    there = list(sessions)
    found = [each for each in there if each.id == word] or [
        each for each in there if each.id.startswith((word, f"ses_{word}"))
    ]
    if not found:
        raise NotFoundError(f"no session of {where} begins with {word!r}; `branchline oc sessions` lists them")
    if len(found) > 1:
        names = some([each.id for each in found])
        raise UsageError(f"{word!r} fits several sessions of {where}: {names}; write more of the id")
    return found[0]


def session(client: Client, word: str, known: Sequence[str] = ()) -> Session:
    """Give the session of a server that is meant; one that its list leaves out is found by its whole id."""
    try:
        return find(client.sessions(tuple(known)), word, client.name)
    except NotFoundError as missing:
        if not re.fullmatch(r"ses_\w+", word):
            raise
        try:
            return client.session(word)
        except NotFoundError:
            raise missing from None


def place(directory: str, projects: str, home: str) -> str:
    """Name a directory of the server: absolute, or within `projects`; raises UsageError for one that leads out of it."""
    base = tidy(posixpath.normpath(projects or home or "/"))
    if any(ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in directory) or directory.startswith("~"):
        raise UsageError(f"--directory {directory!r}: write a path of the server, absolute or below {base}")
    found = tidy(posixpath.normpath(posixpath.join(base, directory)))
    if not directory.startswith("/") and found != base and not found.startswith(base.rstrip("/") + "/"):
        raise UsageError(f"--directory {directory}: leads out of {base}; write it in full if that is meant")
    return found.replace("//", "/")


def create(client: Client, directory: str, title: str, *, yolo: bool, known: Iterable[str]) -> tuple[Session, bool]:
    """Start a session; says too whether its directory had to be made, as a git repository, by commands of ours."""
    made = directory not in {*known, *client.directories()} and _make(client, directory)
    return client.create(directory, title, ALLOW_ALL if yolo else None), made


def _make(client: Client, directory: str) -> bool:
    """Make a directory that is not there; a session in it would seem to start and then fail at its first prompt."""
    if not _PLAIN.fullmatch(directory):  # the server's shell reads a command twice: quotes alone protect nothing there
        raise UsageError(f"{directory!r} holds characters that are not safe in a shell; make it on the server yourself")
    there, git = (
        quote(directory),
        f"git -C {quote(directory)} -c user.name=branchline -c user.email=branchline@localhost",
    )
    make = f"mkdir -p -- {there} && {git} init -q && {git} commit -q --allow-empty -m Start && echo '{_MADE}'"
    helper = client.create(client.home(), "branchline: look for a folder")
    try:
        said = client.shell(helper, f"if test -d {there}; then echo '{_THERE}'; else {make}; fi")
    finally:
        client.delete(helper)
    if _THERE not in said and _MADE not in said:
        raise RemoteError(
            f"{client.name}: {directory} is not there and cannot be made: {said.strip() or 'no word why'}"
        )
    return _MADE in said


def prompt(client: Client, to: Session, text: str, model: str, clock: Clock) -> tuple[str, str]:
    """Hand over a prompt and see that it arrived; gives what the session does then, and the reason.

    Raises RemoteError when it does not show, and FailedError when nothing comes of it.
    """
    before = {each.id for each in client.messages(to, 2)}
    worked = to.id in client.statuses(to.directory)
    client.prompt(to, text, model)
    began = clock.now()
    idle_since = None
    while True:
        new = [each for each in client.messages(to, 4) if each.id not in before]
        status = client.statuses(to.directory).get(to.id)
        if (new or not worked) and status and status.state != "idle":
            return status.state, status.reason
        if any(each.role == "assistant" for each in new):
            state, reason = rest_of(new)
            if state == "idle":
                return state, reason
            raise FailedError(f"session {to.id} of {client.name}: {reason}", session=to.id, state=state)
        now = clock.now()
        idle_since = (now if idle_since is None else idle_since) if new else None
        if idle_since is not None and now - idle_since >= SETTLED:
            reason = rest_of(new)[1]
            raise FailedError(f"session {to.id} of {client.name}: {reason}", session=to.id, state="idle/empty")
        if not new and now - began >= DELIVERY:
            raise RemoteError(f"{client.name} took the prompt for {to.id}, and {DELIVERY:g} s later it is not there")
        clock.sleep(_POLL)


def abort(client: Client, of: Session) -> bool:
    """Stop what a session does; says whether it did anything, for the server says yes to all."""
    busy = of.id in client.statuses(of.directory)
    client.abort(of)
    if client.statuses(of.directory).get(of.id, Status()).state != "idle":
        raise RemoteError(f"{client.name}: session {of.id} is still busy after the abort; look again in a moment")
    return busy


def pick(fits: Sequence[Waiting], word: str, where: str) -> Waiting:
    """Give the one request that is meant by its id, or by that of its session, or by the beginning of either."""
    chosen = [each for each in fits if each.id == word] or [
        each for each in fits if each.id.startswith(word) or each.session.startswith(word)
    ]
    if len(chosen) == 1:
        return chosen[0]
    there = ", ".join(f"{each.id} ({each.kind}: {each.text})" for each in (chosen or fits)[:5]) or "nothing waits"
    if chosen:
        raise UsageError(f"{word!r} fits several requests of {where}: {there}; write more of the id")
    raise NotFoundError(f"no request of {where} is called {word!r}: {there}")


def answers(asked: Waiting, words: Sequence[str]) -> list[list[str]]:
    """Read the answer to a question: an option by its label or number, else the words; one word for each part of several."""
    given = [" ".join(words)] if len(asked.questions) <= 1 else list(words)
    if len(given) != max(1, len(asked.questions)):
        parts = "; ".join(text for text, _ in asked.questions)
        raise UsageError(f"{asked.id} asks {len(asked.questions)} things, give one answer for each: {parts}")
    return [[_option(word, options)] for word, (_, options) in zip(given, asked.questions or (("", ()),), strict=True)]


def _option(word: str, options: Sequence[str]) -> str:
    same = [option for option in options if option.lower() == word.strip().lower()]
    if same:
        return same[0]
    return options[int(word) - 1] if word.isdecimal() and 0 < int(word) <= len(options) else word


def diagnose(client: Client, word: str, pool: Executor, known: Sequence[str]) -> list[Finding]:
    """Check, in the order in which one rests on the other, what a session needs; stops where nothing further can be known."""
    found = [Finding("mapping", True, f"{client.name} is {client.url}")]
    try:
        found.append(Finding("reachability", True, f"OpenCode {client.health() or 'of an unknown version'}"))
        one = session(client, word, known)
    except RemoteError as error:
        return [*found, Finding("reachability" if len(found) == 1 else "existence", False, error.message)]
    except (NotFoundError, UsageError) as error:
        return [*found, Finding("existence", False, error.message)]
    found.append(Finding("existence", True, f"{one.id} {one.title!r}"))
    return [*found, *_diagnose(client, one, pool)]


def _diagnose(client: Client, one: Session, pool: Executor) -> Iterable[Finding]:
    steps: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("path form", lambda: _path_form(one.directory)),
        ("directory", lambda: _directory(client, one)),
        ("status", lambda: _status(client, one, pool)),
        ("messages", lambda: _messages(client, one)),
        ("model", lambda: _model(client, one)),
    ]
    for check, step in steps:
        try:
            ok, said = step()
        except RemoteError as error:
            ok, said = False, error.message
        yield Finding(check, ok, said)


def _path_form(directory: str) -> tuple[bool, str]:
    good = directory.startswith("/") and posixpath.normpath(directory) == directory
    return (
        good,
        directory if good else f"{directory!r} is not absolute, or written in an odd way: sessions are lost by it",
    )


def _directory(client: Client, one: Session) -> tuple[bool, str]:
    there = client.is_directory(one.directory)
    return there, f"{one.directory} {'is there' if there else 'cannot be read on the server: every prompt will fail'}"


def look(client: Client, one: Session, pool: Executor) -> Look:
    """Say what one session does."""
    statuses = client.statuses(one.directory)
    asked = [each for each in _waiting(client, pool, [one], [one.directory]) if each.session == one.id]
    return _look(one, statuses.get(one.id), asked, client.messages(one, 1))


def _status(client: Client, one: Session, pool: Executor) -> tuple[bool, str]:
    found = look(client, one, pool)
    return found.state not in ("idle/empty", "idle/error"), f"{found.state}{found.reason and ': '}{found.reason}"


def _messages(client: Client, one: Session) -> tuple[bool, str]:
    found = client.messages(one, 1)
    return True, f"the last one is of the {found[0].role}" if found else "none yet"


def _model(client: Client, one: Session) -> tuple[bool, str]:
    if not one.model:
        return True, "none yet"
    known = one.model in client.models()
    return known, f"{one.model}{'' if known else ' is not known to the server: it will not answer'}"
