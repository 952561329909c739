"""What of the machine a worker may see beside its own files: the system, the programs it needs, a small /etc.

An allow-list: what is not named here or in the settings is not there. No home, no keys, no sockets of services.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from branchline.files import write_new

SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store")
"""Folders of the system, read-only; a link (`/bin` to `usr/bin`) stays a link."""
_HARDWARE: Final = "/sys/devices/system/cpu"
"""How many processors there are: without it some runtimes start one thread for each that the machine could have."""
_BESIDE: Final = ("lib", "lib64", "libexec", "pyvenv.cfg")
"""What programs in a `bin` need from the folder above it, which may hold keys too."""
_TOOLCHAINS: Final = (
    *(".asdf", ".bun/bin", ".cargo/bin", ".deno/bin", ".local/lib", ".local/share/claude/versions", ".nvm"),
    *(".local/share/mise/installs", ".local/share/pnpm", ".local/share/uv/python", ".local/share/uv/tools"),
    *(".opencode/bin", ".pyenv", ".rbenv", ".rustup", ".sdkman/candidates", ".volta", "go/bin"),
)
"""Where version managers keep programs in a home; none of these folders holds a key."""
_COPIED: Final = (
    *("ld.so.cache", "ld.so.conf", "localtime", "timezone", "protocols", "services", "mime.types", "shells"),
    *(
        "host.conf",
        "gai.conf",
        "resolv.conf",
        "debian_version",
        "os-release",
        "alpine-release",
        "locale.conf",
        "inputrc",
    ),
)
_MOUNTED: Final = ("ssl", "pki", "crypto-policies", "java*", "maven", "php", "R", "texmf")
"""Folders that are shown as they are, by pattern: certificates, and what languages keep there of themselves."""
PUBLIC: Final = ("passwd", "group", "gitconfig", "hosts", "nsswitch.conf", *_COPIED, *_MOUNTED, "alternatives")
"""What of /etc is nobody's secret."""
_MAX_COPY: Final = 4 << 20
_HOSTS: Final = "127.0.0.1 localhost\n::1 localhost\n"
_NSSWITCH: Final = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"


@cache
def system() -> Sequence[str]:
    """Return the bubblewrap arguments for the system's own folders, looked at once."""
    words: list[str] = []
    for folder in SYSTEM:
        path = Path(folder)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), folder]
        elif path.is_dir():
            words += ["--ro-bind", folder, folder]
    return [*words, "--ro-bind-try", _HARDWARE, _HARDWARE]


def programs(argv: Sequence[str], env: Mapping[str, str], home: Path) -> set[Path]:
    """Return what is read-only for a worker that runs `argv` with `env`: files and folders outside of the system.

    They are the folders of its PATH, what programs there need from beside them, the known places of version managers
    below the user's `home`, and the programs and paths that `argv` names, through every link. No folder that is
    `home`, or above it, is among them.
    """
    found = {home / folder for folder in _TOOLCHAINS}
    for folder in map(Path, filter(None, env.get("PATH", "").split(os.pathsep))):
        found |= _place(folder)
    for word in argv:  # a driver has the agent's program among its arguments
        found |= set(_of_program(_which(word, env)))
    return {path for path in found if is_narrow(path, home) and os.access(path, os.R_OK)}


def is_narrow(path: Path, home: Path) -> bool:
    """Say whether a path is absolute and neither the home nor above it; the root of all is neither."""
    homes = [f"{place}/" for place in (home, os.path.realpath(home))]
    places = [f"{str(place).rstrip('/')}/" for place in (path, os.path.realpath(path))]
    return path.is_absolute() and not any(each.startswith(one) for one in places for each in homes)


def _place(folder: Path) -> set[Path]:
    """Return a folder of programs with what belongs to it; of a virtual environment also its interpreter's own."""
    found = {folder, *(folder.parent / name for name in _BESIDE)}
    if os.access(folder.parent / "pyvenv.cfg", os.R_OK):
        real = Path(os.path.realpath(folder / "python3")).parent
        found |= {real, *(real.parent / name for name in _BESIDE)}
    return found


def _which(name: str, env: Mapping[str, str]) -> Path:
    if "/" in name:
        return Path(name)
    folders = env.get("PATH", "").split(os.pathsep)
    return next((Path(f, name) for f in folders if f and os.access(f"{f}/{name}", os.X_OK)), Path(name))


def _of_program(path: Path) -> Iterator[Path]:
    """Give a program's file behind each of its links, with the package it stands in."""
    for _ in range(40):
        if not path.is_absolute() or not os.access(path.parent, os.X_OK):
            return
        yield path
        parts = path.parts
        if "node_modules" in parts:
            yield Path(*parts[: parts.index("node_modules") + 1])
        elif path.parent.name == "bin":
            yield from _place(path.parent)
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    yield Path(os.path.realpath(path))


def make_etc(folder: Path, source: Path = Path("/etc")) -> Path:
    """Make the private /etc of the sandbox in `folder`: an identity, names, certificates' places, and nothing else."""
    import pwd

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _COPIED:
        with suppress(OSError):
            path = source / name
            if path.is_file() and path.stat().st_size <= _MAX_COPY:
                write_new(folder / name, path.read_bytes())
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user that the machine has no row for
        name = "worker"
    rows = {0: "root", os.getuid(): name, 65534: "nobody"}
    users = "".join(
        f"{who}:x:{uid}:{os.getgid() if uid == os.getuid() else uid}::/:/bin/sh\n" for uid, who in rows.items()
    )
    groups = {0: "root", os.getgid(): name, 65534: "nogroup"}
    write_new(folder / "passwd", users)
    write_new(folder / "group", "".join(f"{who}:x:{gid}:\n" for gid, who in groups.items()))
    write_new(folder / "hosts", _HOSTS)
    write_new(folder / "nsswitch.conf", _NSSWITCH)
    for place in _mounted(source):
        (folder / place.name).mkdir(exist_ok=True)
    (folder / "alternatives").mkdir(exist_ok=True)
    for link in (source / "alternatives").glob("*"):
        with suppress(OSError):
            (folder / "alternatives" / link.name).symlink_to(link.readlink())
    return folder


@cache
def etc(folder: Path, source: Path = Path("/etc")) -> Sequence[str]:
    """Return the arguments that put `make_etc`'s folder at /etc, which is looked at once."""
    words = ["--ro-bind", str(folder), "/etc"]
    for place in _mounted(source):
        if (folder / place.name).is_dir():
            words += ["--ro-bind", str(place), f"/etc/{place.name}"]
    return words


def _mounted(source: Path) -> list[Path]:
    return [path for pattern in _MOUNTED for path in sorted(source.glob(pattern)) if path.is_dir()]


class _Real(dict[str, str]):
    """Path -> its real one; the folders above it are looked at once, for a worker's paths share most of them."""

    def __missing__(self, path: str) -> str:
        above, _, name = path.rpartition("/")
        if name in ("", ".", "..") or path[0] != "/" or os.path.islink(path):  # noqa: PTH114 - for each path of each worker
            real = os.path.realpath(path)
        else:
            real = f"{self[above].rstrip('/')}/{name}" if above else path
        self[path] = real
        return real


def mounts(readable: Iterable[Path], writable: Iterable[Path]) -> list[str]:
    """Return the arguments that open paths, parents before what lies in them; the nearest one named decides.

    A path that is reached through links is there under its real name too.
    """
    modes: dict[str, str] = dict.fromkeys(SYSTEM, "--ro-bind-try")
    real = _Real()
    for paths, mode in ((readable, "--ro-bind-try"), (writable, "--bind-try")):
        for path in map(str, paths):
            modes[path] = modes[real[path]] = mode
    words: list[str] = []
    for path in sorted(modes.keys() - set(SYSTEM), key=lambda each: each.split("/")):
        above = path.rpartition("/")[0]
        while above and above not in modes:
            above = above.rpartition("/")[0]
        if modes[path] != modes.get(above):
            words += [modes[path], path, path]
    return words
