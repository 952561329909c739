"""A control group (version 2) for each guard, where the kernel lets us make one: no process leaves it by itself.

It holds what neither the subreaper nor the environment can name: after custodian and guard were killed together, a
process that left its session and emptied its environment. Standard library only, and no import of our own: the
guard loads this file by itself.
"""

import os
import time

FOLDER = b"cgroups"  # in a run's folder: one file for each custodian, by its pid, that holds the path of its group
NAME = b"branchline-"
PATIENCE = 5.0  # seconds to wait for what was killed
GRACE = 1.0  # seconds that custodians without a guard have for what they still hold


def enter(folder: bytes) -> bytes:
    """Put this process, and all that it will start, into a group of its own; its path, empty where we may make none."""
    home = _home()
    if not home:
        return b""
    path = os.path.join(home, NAME + b"%d-%d" % (os.getpid(), time.monotonic_ns()))  # noqa: PTH118 - see custodian.py
    try:
        clear(home)
        os.mkdir(path)  # noqa: PTH102 - as above
        os.makedirs(os.path.join(folder, FOLDER), exist_ok=True)  # noqa: PTH103, PTH118 - as above
        _write(os.path.join(path, b"cgroup.procs"), b"%d" % os.getpid())  # noqa: PTH118 - as above
    except OSError:
        _remove(path)
        return b""
    return path


def note(folder: bytes, custodian: int, path: bytes) -> None:
    """Leave word of the group of a custodian that was just started; a full disk keeps no worker from its start."""
    try:
        if path:
            _write(_note(folder, custodian), path, os.O_CREAT | os.O_TRUNC)
    except OSError:
        return


def forget(folder: bytes, custodian: int) -> None:
    """Take the note of a custodian away: nothing is left of what it held."""
    try:
        os.unlink(_note(folder, custodian))  # noqa: PTH108 - as above
    except OSError:
        return


def leave(folder: bytes, custodians: list[int], path: bytes) -> None:
    """Go back to the group above and take ours away with its notes; whatever is left in it stays for `end`."""
    try:
        if path:
            _write(os.path.join(os.path.dirname(path), b"cgroup.procs"), b"%d" % os.getpid())  # noqa: PTH118, PTH120 - as above
    except OSError:
        return
    if path and _remove(path):
        for pid in custodians:
            forget(folder, pid)


def end(folder: bytes, custodian: int) -> None:
    """KILL all that is left in the group of a custodian when its guard is gone too, and remove the group.

    A guard that lives ends by itself what a custodian has left, and then takes the note away: that is waited for,
    because one that is being killed still looks alive. Without a guard the other custodians end what they have and
    leave, and are given the time to record it.
    """
    now = time.monotonic()
    path = _path(folder, custodian)
    try:
        while path and (left := _members(path)) and time.monotonic() < now + PATIENCE:
            late = time.monotonic() > now + GRACE
            if not _guarded(path, left) and (late or not any(_path(folder, int(pid)) == path for pid in left)):
                _write(os.path.join(path, b"cgroup.kill"), b"1")  # noqa: PTH118 - as above
            time.sleep(0.001)
            path = _path(folder, custodian)
    except OSError:
        return
    if path and _remove(path):
        forget(folder, custodian)


def sweep(folder: bytes) -> None:
    """Remove the groups, and the notes, of those that could not do so themselves."""
    try:
        names = os.listdir(os.path.join(folder, FOLDER))  # noqa: PTH118, PTH208 - as above
    except OSError:
        return
    for pid in [int(name) for name in names if name.isdigit()]:
        path = _path(folder, pid)
        if not path or _remove(path):
            forget(folder, pid)


def clear(home: bytes) -> None:
    """Remove the groups of guards that are no more: who was killed could not, and the folder of its run may be gone.

    The kernel refuses where somebody is left in one: that is ended by `end`.
    """
    for name in os.listdir(home):  # noqa: PTH208 - as above
        pid = name.removeprefix(NAME).partition(b"-")[0]
        if name.startswith(NAME) and pid.isdigit() and not os.path.exists(b"/proc/" + pid):  # noqa: PTH110 - as above
            _remove(os.path.join(home, name))  # noqa: PTH118 - as above


def _guarded(path: bytes, members: list[bytes]) -> bool:
    return os.path.basename(path).split(b"-")[1] in members  # noqa: PTH119 - as above


def _home() -> bytes:
    """The folder of our own group; empty where there is none of version 2 or it is not ours to divide."""
    mount = _mount()
    for line in _read(b"/proc/self/cgroup").splitlines():
        if mount and line.startswith(b"0::/"):
            path = mount + line[3:].rstrip(b"/")
            return path if os.access(os.path.join(path, b"cgroup.procs"), os.W_OK) else b""  # noqa: PTH118 - as above
    return b""


def _mount() -> bytes:
    for line in _read(b"/proc/self/mounts").splitlines():
        words = line.split(b" ")
        if len(words) > 2 and words[2] == b"cgroup2":
            return words[1]
    return b""


def _path(folder: bytes, custodian: int) -> bytes:
    """The group of a custodian, as it was noted; a note that names anything but a group of ours is not believed."""
    path = _read(_note(folder, custodian))
    mount = _mount()
    ours = os.path.basename(path).startswith(NAME)  # noqa: PTH119 - as above
    return path if mount and ours and path.startswith(mount + b"/") and b"/../" not in path else b""


def _members(path: bytes) -> list[bytes]:
    return _read(os.path.join(path, b"cgroup.procs")).split()  # noqa: PTH118 - as above


def _note(folder: bytes, pid: int) -> bytes:
    return os.path.join(folder, FOLDER, b"%d" % pid)  # noqa: PTH118 - as above


def _remove(path: bytes) -> bool:
    """Remove a group; False when somebody is in it."""
    try:
        os.rmdir(path)  # noqa: PTH106 - as above
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _write(path: bytes, data: bytes, flags: int = 0) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


def _read(path: bytes) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return b"".join(iter(lambda: os.read(handle, 4096), b""))
    except OSError:
        return b""
    finally:
        os.close(handle)
