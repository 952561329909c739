"""The doors through which untrusted bytes come: each a function that raises for them only when we are at fault.

`fuzz.py` leads bytes through them, `test_fuzz.py` texts that look like plans, records and settings, and the seeds that are kept.
"""

import asyncio
import io
import socket
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from branchline import config, decompose
from branchline.errors import BranchlineError
from branchline.files import state_folder
from branchline.graph.build import from_plan
from branchline.graph.store import net, parts
from branchline.guard import book, injection, masking
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import RunRow, TaskRow
from branchline.planfile import DIALECTS
from branchline.sandbox import proxy, tiers
from branchline.sandbox.vault import Vault
from branchline.serve.app import build
from branchline.serve.desk import Desk
from branchline.serve.wall import Wall
from branchline.store import Store
from branchline.terminal.text import safe
from branchline.workers import record
from branchline.workflow import wish
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console

FORMS: Final = ("", *DIALECTS, *decompose.OWN_FORMS)
_FOLDER: Final = tempfile.TemporaryDirectory(prefix="branchline-doors-")


def plan(data: bytes) -> None:
    """A plan in the form that the first byte names: an error in words, or tasks with ids of their own."""
    form = FORMS[data[0] % len(FORMS)] if data else ""
    try:
        draft = from_plan(decompose.plan_of(data[1:].decode("utf-8", "replace"), "plan.md", form))
    except BranchlineError as error:
        assert error.message
    else:
        assert len({task.id.lower() for task in draft.tasks}) == len(draft.tasks)


def exit_record(data: bytes) -> None:
    """A worker's record, in its file and at the end of its message: nothing, or one of the four words."""
    file = Path(_FOLDER.name, "answer.json")
    file.write_bytes(data)
    text = data.decode("utf-8", "replace")
    for message in ("", f"{text}\n```branchline\n{text}\n```\n"):
        found = record.find(str(file), message)
        assert found is None or found.claim.status in ("done", "blocked", "partial", "failed")
        file.unlink(missing_ok=True)


def settings(data: bytes) -> None:
    """Settings in a file: an error in words, or all of them."""
    Path(_FOLDER.name, "branchline.toml").write_bytes(data)
    try:
        assert config.load(Path(_FOLDER.name), {}, {}).jobs >= 1
    except BranchlineError as error:
        assert error.message


def request(data: bytes) -> None:
    """What comes to the proxy: refused with a status that HTTP has, or a host that has a tier and a head that ends once."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[: proxy.HEAD])
        theirs.shutdown(socket.SHUT_WR)
        try:
            head, _ = proxy.read_head(ours)
            _, host, port, first = proxy.asked(head)
        except proxy.RefusedError as refused:
            assert refused.status in proxy.ANSWERS
            return
    assert 0 < port < 65536
    assert first == b"" or first.find(b"\r\n\r\n") == len(first) - 4
    verdict = tiers.decide(tiers.classify(host), port=port)
    assert not (verdict.allowed and (tiers.address_of(tiers.normal(host)) or port not in tiers.PORTS))


def text(data: bytes) -> None:
    """Any text: it comes back from its mask to the letter, has findings or none, and is safe on a terminal."""
    given = data.decode("utf-8", "replace")
    masked = masking.mask(given)
    assert book.unmask(masked.text, masked.values) == given
    assert injection.scan(given) is not None
    assert "\x1b" not in safe(given)


class _Deaf:
    """An HTTP client that has sent all it has, and keeps what comes."""

    def __init__(self, body: bytes) -> None:
        self.parts = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        self.status = 0

    async def receive(self) -> dict[str, object]:
        return self.parts.pop(0) if len(self.parts) > 1 else self.parts[0]

    async def send(self, message: MutableMapping[str, object]) -> None:
        self.status = int(str(message.get("status") or self.status))


def dashboard(data: bytes) -> None:
    """A request to the dashboard as it comes out of HTTP: an answer that HTTP has, and without the token no change.

    The first byte says whether it has the token. Lines are those of HTTP; the address and the body are taken as they are.
    """
    head, _, body = data[1:].partition(b"\r\n\r\n")
    first, *rows = head.split(b"\r\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = [(name.lower(), value.strip()) for row in rows for name, _, value in [row.partition(b":")]]
    has_token = bool(data[:1] and data[0] % 2)
    if has_token:
        headers = [row for row in headers if row[0] not in (b"host", b"authorization")]
        headers += [(b"host", b"h:1"), (b"authorization", b"Bearer " + _WALL.token.encode())]
    scope = {
        "type": "http",
        "method": method.decode("latin-1"),
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
    }
    app, asked = _dashboard()
    client = _Deaf(body)
    asyncio.run(app(scope, client.receive, client.send))
    assert 200 <= client.status < 500, (client.status, data)
    if not has_token:
        assert client.status >= 400, data
        assert not asked, data
    asked.clear()


_WALL: Final = Wall(frozenset({"h:1"}), "t" * 32, "c", "s" * 32)


@cache
def _dashboard() -> tuple[ASGIApp, list[str]]:
    """The application over a run of two tasks, and what was asked through it; nothing is really done to the run."""
    root = Path(_FOLDER.name, "repository")
    (root / ".git").mkdir(parents=True)
    draft = DraftGraph("p.md", "", "checkbox", "", (Task("1", "One"), Task("2", "Two")))
    run = RunRow("r1", "p.md", "d", "waiting", "", "", 1.0, None, '{"flags": {}}', parts(draft)[0], net(draft))
    rows = [TaskRow("r1", n, int(n), n, "atomic", None, 1, "build", "shell", "held") for n in ("1", "2")]
    with Store.open(state_folder(root) / "state.db") as store:
        store.create_run(run, rows, 1.0)
    asked: list[str] = []

    def ask(_: Console, verb: str, task: str, name: str, data: dict[str, object]) -> Answer:
        wish.check_whole(verb, task, data)
        asked.append(verb)
        return Answer({"task": task, "run": name})

    console = Console(root, {}, io.StringIO(), input, lambda *_: 1)
    desk = Desk(console, Vault.of(console.state, config.MaskSettings()), config.ServeSettings(), ask)
    return build(desk, _WALL, lambda: True), asked


DOORS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "plan": plan,
    "exit_record": exit_record,
    "settings": settings,
    "request": request,
    "text": text,
    "dashboard": dashboard,
}
