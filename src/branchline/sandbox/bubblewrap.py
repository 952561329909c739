"""The level `strict` on Linux: one worker in namespaces of its own, as arguments of bubblewrap."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from branchline.sandbox import view

PROGRAM: Final = "bwrap"
_ISOLATED: Final = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--disable-userns", "--cap-drop", "ALL", "--hostname", "branchline"),
)
OWN: Final = (Path("/dev"), Path("/proc"), Path("/tmp"))  # noqa: S108 - the sandbox's own
"""What can be written in every sandbox: mounts of its own."""
_TMP_BYTES: Final = 256 << 20
"""Room in /tmp, which is memory; TMPDIR, which is on disk, has no such limit."""


class Box(NamedTuple):
    """What one worker sees; it works in the folder that it is started in.

    `program` is bubblewrap's path, `etc` a folder of `view.make_etc`, `hidden` the user's checkout: of it nothing is there
    but what is opened in it. `readable` and `writable` are opened; where one lies in the other, the inner one decides.
    `covered` are pairs of a file and the place where it is seen instead of what stands there, `lent` the same of writable
    folders. `network` False leaves nothing but a loopback of its own. `before` is put before the worker's own words.
    """

    program: str
    etc: Path
    hidden: Path
    readable: frozenset[Path] = frozenset()
    writable: frozenset[Path] = frozenset()
    covered: tuple[tuple[Path, Path], ...] = ()
    lent: tuple[tuple[Path, Path], ...] = ()
    network: bool = True
    before: tuple[str, ...] = ()


def wrap(box: Box) -> tuple[str, ...]:
    """Return the words that go before a worker's own."""
    words = [*_base(box.program, network=box.network), *view.etc(box.etc)]
    # What stands around the mounts is a folder in memory: nobody shall take a file made there for one of the machine's.
    hidden = (
        [str(box.hidden)]
        if not box.readable.union(box.writable).intersection((box.hidden, *box.hidden.parents))
        else []
    )
    words += [word for path in hidden for word in ("--tmpfs", path)]
    words += view.mounts(box.readable, box.writable)
    for kind, pairs in (("--ro-bind-try", box.covered), ("--bind", box.lent)):
        words += [word for source, place in pairs for word in (kind, str(source), str(place))]
    words += [word for path in ("/", *hidden) for word in ("--remount-ro", path)]
    return (*words, "--", *box.before)


def find(env: Mapping[str, str]) -> str:
    """Return the path of bubblewrap on the PATH of `env`, "" where there is none."""
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    return next((f"{f}/{PROGRAM}" for f in folders if f.startswith("/") and os.access(f"{f}/{PROGRAM}", os.X_OK)), "")


def trial(program: str) -> Sequence[str]:
    """Return a command that ends with 0 where bubblewrap can do all that `wrap` asks for."""
    return (*_base(program, network=False), "--", "/bin/sh", "-c", ":")


def _base(program: str, *, network: bool) -> list[str]:
    """Return the walls and an empty house: the system, its own processes and devices, and room for temporary files."""
    words = [program, *_ISOLATED, *([] if network else ["--unshare-net"]), *view.system(), "--proc", "/proc"]
    words += ["--dev", "/dev", "--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]  # noqa: S108 - its own
    return [*words, "--dir", "/run", "--dir", "/var/tmp"]  # noqa: S108 - as above
