"""What a verb of `oc` works with: the servers that are meant, and what is known of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple, TypeVar

from branchline.errors import NotFoundError, RemoteError, SettingsError
from branchline.model.run import ServerSessionRow
from branchline.opencode_api import TIMEOUT, Client
from branchline.opencode_api.rows import Session, Waiting
from branchline.sessions import oc
from branchline.workflow.console import Console
from branchline.workflow.project import Project

T = TypeVar("T")
HEALTH: Final = 5.0
"""Seconds that `instances` gives a server to answer."""


class Asked(NamedTuple):
    """What the command line asks for; `words` are those beside verb and instance, `instance` empty means all of them."""

    verb: str
    words: tuple[str, ...] = ()
    instance: str = ""
    model: str = ""
    limit: int = 0
    title: str = ""
    directory: str = ""
    message: str = ""
    all: bool = False
    yolo: bool = False
    always: bool = False
    parallel: int = 24


class Desk(NamedTuple):
    """What a verb works with: the servers that are meant, a pool for requests, and which cannot even be asked, and why."""

    project: Project
    console: Console
    clients: Mapping[str, Client]
    pool: Executor
    closed: Mapping[str, str] = {}

    def known(self, name: str) -> list[ServerSessionRow]:
        """What was last seen of a server's sessions; nothing is made by looking."""
        with self.project.looked() as store:
            return store.server_sessions(name)

    def places(self, name: str) -> list[str]:
        """The directories in which a server's sessions were seen."""
        return list(dict.fromkeys(row.directory for row in self.known(name)))

    def keep(self, rows: Sequence[ServerSessionRow], instead_of: str = "") -> None:
        """Remember sessions."""
        with self.project.store() as store:
            store.put_server_sessions(rows, instead_of)

    def sticky(self, name: str, session: str) -> str:
        """The model that was last named for a session."""
        return next((row.model for row in self.known(name) if row.session == session), "")

    def each(self, ask: Callable[[Client], T]) -> tuple[dict[str, T], dict[str, str]]:
        """Ask all servers at once; gives what each answered, and what was wrong with the others."""
        found: dict[str, T] = {}
        errors = dict(self.closed)
        with ThreadPoolExecutor(min(32, len(self.clients) or 1)) as threads:
            begun = {name: threads.submit(ask, client) for name, client in self.clients.items()}
        for name, future in begun.items():
            try:
                found[name] = future.result()
            except (RemoteError, NotFoundError) as error:
                errors[name] = error.message
        return found, errors

    def find(self, word: str) -> tuple[Client, Session]:
        """The one session that is meant, on whichever server; an unreachable server leaves only a whole id without doubt."""
        if len(self.clients) == 1 and not self.closed:
            (client,) = self.clients.values()
            return client, oc.session(client, word, self.places(client.name))
        lists, errors = self.each(lambda client: client.sessions(tuple(self.places(client.name))))
        client, chosen = self._one(lists, errors, lambda rows: oc.find(rows, word, ", ".join(lists) or "any instance"))
        if errors and chosen.id != word:
            raise _all_wrong(errors)
        return client, chosen

    def waiting(self, *heads: str) -> tuple[dict[str, list[Waiting]], dict[str, str]]:
        """What sessions wait for a person for, by server; and what was wrong with the others."""
        return self.each(lambda client: oc.waiting(client, self.pool, self.places(client.name), heads))

    def pick(self, word: str, *heads: str) -> tuple[Client, Waiting]:
        """The one request that is meant, on whichever server."""
        return self._one(*self.waiting(*heads), lambda rows: oc.pick(rows, word, ", ".join(self.clients)))

    def _one(
        self, lists: Mapping[str, Sequence[T]], errors: Mapping[str, str], choose: Callable[[list[T]], T]
    ) -> tuple[Client, T]:
        """What `choose` takes of all that the servers have, with its server's client."""
        homes = {each: name for name, found in lists.items() for each in found}
        try:
            chosen = choose(list(homes))
        except NotFoundError as missing:
            raise _all_wrong(errors) if errors else missing from None
        return self.clients[homes[chosen]], chosen


@contextmanager
def desk(project: Project, console: Console, asked: Asked) -> Iterator[Desk]:
    """Open clients for the instances that are meant, and a pool; close them after."""
    names = [asked.instance] if asked.instance else list(project.settings.instances)
    timeout = HEALTH if asked.verb == "instances" else TIMEOUT
    clients: dict[str, Client] = {}
    closed: dict[str, str] = {}
    with ExitStack() as stack:
        for name in names:
            try:
                clients[name] = stack.enter_context(client_of(project, name, timeout))
            except (SettingsError, RemoteError) as error:
                if len(names) == 1:
                    raise
                closed[name] = error.message
        pool = stack.enter_context(ThreadPoolExecutor(asked.parallel))
        yield Desk(project, console, clients, pool, closed)


def client_of(project: Project, name: str, timeout: float) -> Client:
    """A client of an instance; raises SettingsError when the variable of its password is not set."""
    own = project.settings.instances[name]
    password = project.env.get(own.password_env, "") if own.password_env else ""
    if own.password_env and not password:
        raise SettingsError(f"instance {name}: its password is read from ${own.password_env}, which is not set")
    auth = (own.username, password) if password else None
    return Client(name, own.url, auth, timeout)


def _all_wrong(errors: Mapping[str, str]) -> RemoteError:
    return RemoteError("it cannot be told which is meant: " + "; ".join(errors.values()))
