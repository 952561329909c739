"""The doors through which untrusted bytes come: each a function that raises for them only when we are at fault.

`fuzz.py` leads bytes through them, `test_fuzz.py` texts that look like plans, records and settings, and the seeds that are kept.
"""

import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from branchline import config, decompose
from branchline.errors import BranchlineError
from branchline.graph.build import from_plan
from branchline.guard import book, injection, masking
from branchline.planfile import DIALECTS
from branchline.sandbox import proxy, tiers
from branchline.terminal.text import safe
from branchline.workers import record

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


DOORS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "plan": plan,
    "exit_record": exit_record,
    "settings": settings,
    "request": request,
    "text": text,
}
