"""bounded reads, durable writes, safe YAML

What comes from outside is read here and nowhere else: regular files only, of a bounded size, in UTF-8. What must
survive a power cut is written here: a temporary file in the same folder, fsync, rename, fsync of the folder.
"""

import errno
import gc
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from branchline.errors import BranchlineError, InputError, StoreFullError

MAX_PLAN_BYTES: Final = 32 * 1024 * 1024
MAX_LINE: Final = 1024 * 1024
MAX_YAML_BYTES: Final = 8 * 1024 * 1024
MAX_NESTING: Final = 100
MAX_YAML_NODES: Final = 2_000_000
"""How many values a YAML text may stand for, once its aliases are written out."""
_REFUSED: Final = ("/proc", "/sys", "/dev")
_BOM: Final = b"\xef\xbb\xbf"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_OPEN: Final = (0, 0)
_LONE_SURROGATE: Final = "[\ud800-\udfff]"
_YAML_TAGS: Final = frozenset(
    "tag:yaml.org,2002:" + name for name in ("null", "bool", "int", "float", "str", "seq", "map")
)
# The core schema of YAML 1.2: `no`, `on`, `1:30` and `2024-01-01` stay the texts that people wrote.
_YAML_SCALARS: Final = (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
)


def read_bytes(path: Path, limit: int = MAX_PLAN_BYTES) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; raises InputError for anything else."""
    return _read(path, lambda: os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY), limit)


def read_text(path: Path, limit: int = MAX_PLAN_BYTES) -> str:
    """Return the text of a regular UTF-8 file without its byte order mark; line ends stay as they are.

    Raises InputError: missing, a folder, a pipe or device, under /proc, /sys or /dev, more than `limit` bytes, not
    UTF-8 (names byte and line), holds a NUL byte, or has a line of more than MAX_LINE bytes.
    """
    return _decode(read_bytes(path, limit), str(path))


def read_json(path: Path, limit: int = MAX_PLAN_BYTES) -> Any:
    """Return the value of a JSON file; raises InputError naming file and line."""
    return load_json(read_text(path, limit), str(path))


def read_untrusted_json(path: Path, limit: int, within: Path | None = None) -> Any:
    """Return the value of a JSON file that a worker wrote; no link is followed.

    The file itself is never a symbolic link; with `within`, neither is any folder between that folder and the file.
    Nesting is at most MAX_NESTING; lone surrogates become `?`. Raises InputError.
    """
    text = _decode(_read(path, lambda: _open_beneath(path, within), limit), str(path))
    value = load_json(text, str(path))
    if any(depth > MAX_NESTING for depth in _depths(value)):
        raise InputError(f"{path}: nested more than {MAX_NESTING} deep")
    plain = json.dumps(value, ensure_ascii=False)
    return json.loads(plain.encode("utf-8", "replace")) if re.search(_LONE_SURROGATE, plain) else value


def write_durable(path: Path, data: str | bytes, mode: int | None = None) -> None:
    """Replace `path` by `data` so that after a power cut it holds either all of the old or all of the new.

    `mode` None keeps the permissions of the file that is there, else 0o644. A symbolic link is replaced, not followed:
    pass `path.resolve()` to write where it points. Raises StoreFullError on a full disk, InputError when the place
    cannot be written; the old content is then untouched.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    try:
        mode = _mode_of(path) if mode is None else mode
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _write_all(handle, _bytes(data))
            os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)
        _raise_write(path, error)


def write_new(path: Path | str, data: str | bytes) -> None:
    """Write a file plainly (no fsync), making its parents; what stood there is removed first, a link never followed.

    Raises StoreFullError on a full disk, InputError when the place cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        try:
            handle = os.open(path, flags, 0o644)
        except FileNotFoundError:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, flags, 0o644)
        except FileExistsError:
            Path(path).unlink()
            handle = os.open(path, flags, 0o644)
        try:
            _write_all(handle, _bytes(data))
        finally:
            os.close(handle)
    except OSError as error:
        _raise_write(Path(path), error)


def load_yaml(text: str, name: str) -> Any:
    """Return the JSON-like value of a YAML text; `name` and the line stand in every InputError.

    Scalars follow YAML 1.2 (`no`, `on` and dates are texts), keys are always texts. Doubled keys, foreign tags, a second
    document, alias bombs and deep nesting are errors.
    """
    import yaml

    if len(text) > MAX_YAML_BYTES:
        raise InputError(f"{name}: more than {MAX_YAML_BYTES} characters of YAML; split it up")
    try:
        _check_yaml_depth(text, name)
        loader = _yaml_loader()(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure_yaml(node, name, {})
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "not YAML"
        if "nesting depth" in problem:  # newer scanners have a limit of their own and read ahead of our count
            problem = f"nested more than {MAX_NESTING} deep"
        _refuse_yaml(name, error.problem_mark or error.context_mark, problem)
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{name}: not YAML: {error}") from error


def find_root(start: Path) -> Path | None:
    """Return the nearest folder at or above `start` that has a `.git` (folder or file), or None."""
    here = Path(os.path.abspath(start))  # noqa: PTH100 - Path.absolute keeps `..`, whose parent is the wrong folder
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), None)


def state_folder(root: Path) -> Path:
    """Return `root/.branchline`, made when missing for its owner alone, with a .gitignore that keeps it out of git.

    Raises InputError when it is a link (a repository could point it anywhere) or cannot be made.
    """
    folder = root / ".branchline"
    if folder.is_symlink() or folder.is_file():
        raise InputError(f"{folder} is a symbolic link or a file; a real folder of that name is needed: move it away")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        _raise_write(folder, error)
    if not os.path.lexists(folder / ".gitignore"):
        write_new(folder / ".gitignore", "*\n")
    return folder


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles from walking what is being read, of which nothing is garbage: a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.unfreeze()  # all of it counts as old now, and was not walked to find that out
            gc.enable()


def digest(data: str | bytes) -> str:
    """Return `sha256:` and the hexadecimal digest of the bytes, or of the text in UTF-8."""
    from hashlib import sha256

    return "sha256:" + sha256(_bytes(data)).hexdigest()


canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""Give the one JSON text of a value: keys sorted, no spaces, no escapes beyond need; raises ValueError on NaN."""


def _refuse_kernel_files(path: Path) -> None:
    real = os.path.realpath(path)
    for top in _REFUSED:
        if real == top or real.startswith(top + "/"):
            raise InputError(f"{path}: files under {top} are not read; copy the text into a regular file")


def _read(path: Path, opener: Any, limit: int) -> bytes:
    try:
        _refuse_kernel_files(path)
        _require_regular(path, path.stat().st_mode)  # opening a device can have effects
        handle: int = opener()
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            _require_regular(path, status.st_mode)
            data = file.read(limit + 1) if status.st_size <= limit else b""
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) or (error.errno == errno.ENOTDIR and path.parent.is_symlink()):
            raise InputError(f"{path}: a symbolic link stands in this path; it is not followed") from error
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{str(path)!r}: not the name of a file: {error}") from error
    if status.st_size > limit or len(data) > limit:
        raise InputError(f"{path}: more than {_size(limit)}, the limit for this file; split it up")
    return data


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: a folder, not a file")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: not a regular file (a pipe, socket or device)")


def _open_beneath(path: Path, within: Path | None) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    if within is None:
        return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    parts = path.relative_to(within).parts
    if not parts or ".." in parts:
        raise ValueError(f"it does not lie in {within}")
    here = os.open(within, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        return os.open(parts[-1], flags | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=here)
    finally:
        os.close(here)


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name}: UTF-16, not UTF-8; save it again as UTF-8")
    if (nul := data.find(b"\0")) >= 0:
        above = data.count(b"\n", 0, nul)
        raise InputError(f"{name}:{above + 1}: a NUL byte (byte {nul}); this is not a text file")
    for number, line in enumerate(data.split(b"\n") if len(data) > MAX_LINE else (), 1):
        if len(line) > MAX_LINE:
            raise InputError(f"{name}:{number}: a line of more than {_size(MAX_LINE)}; break it up")
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start + (len(_BOM) if data.startswith(_BOM) else 0)
        above = data.count(b"\n", 0, at)
        raise InputError(
            f"{name}:{above + 1}: byte {at} (0x{data[at]:02x}) is not UTF-8; save the file again as UTF-8"
        ) from None


def load_json(text: str, name: str) -> Any:
    """Return the value of a JSON text; raises InputError naming `name` and the line."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}: not JSON: {error.msg} (column {error.colno})") from None
    except ValueError as error:
        raise InputError(f"{name}: not JSON: {error}") from None
    except RecursionError:
        raise InputError(f"{name}: nested too deeply") from None


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number of JSON")


def _depths(value: Any) -> Iterator[int]:
    todo = [(value, 0)]
    while todo:
        here, depth = todo.pop()
        yield depth
        children = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
        todo += [(child, depth + 1) for child in children]


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8") if isinstance(data, str) else data


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode) if not path.is_symlink() else 0o644
    except FileNotFoundError:
        return 0o644


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_write(path: Path, error: OSError) -> NoReturn:
    kind: type[BranchlineError] = StoreFullError if error.errno in _FULL else InputError
    raise kind(f"{path}: cannot be written: {error.strerror or error}") from error


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"


def _refuse_yaml(name: str, mark: Any, message: str) -> NoReturn:
    if mark is None:
        raise InputError(f"{name}: {message}")
    raise InputError(f"{name}:{mark.line + 1}: {message}", line=mark.line + 1, column=mark.column)


def _yaml_loader() -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # whichever is there
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute

    for name, pattern, first in _YAML_SCALARS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), first)
    return Loader


def _check_yaml_depth(text: str, name: str) -> None:
    """Refuse deep nesting by events: libyaml's composer recurses in C, and a deep text would end the process."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_yaml_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_NESTING:
                _refuse_yaml(name, event.start_mark, f"nested more than {MAX_NESTING} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _measure_yaml(node: Any, name: str, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many values a node stands for and how deep it is; refuses what JSON has no word for."""
    if id(node) in known:
        if known[id(node)] == _OPEN:
            _refuse_yaml(name, node.start_mark, "an alias inside the value that it names")
        return known[id(node)]
    if node.tag not in _YAML_TAGS:
        _refuse_yaml(name, node.start_mark, f"tag {node.tag!r} is not read here")
    known[id(node)] = _OPEN
    if node.id == "mapping":
        _make_keys_text(node, name)
    children = [] if node.id == "scalar" else [c[1] if isinstance(c, tuple) else c for c in node.value]
    measures = [_measure_yaml(child, name, known) for child in children]
    size, depth = 1 + sum(size for size, _ in measures), 1 + max((depth for _, depth in measures), default=0)
    if size > MAX_YAML_NODES or depth > MAX_NESTING + 1:
        _refuse_yaml(name, node.start_mark, "its aliases stand for too many or too deep values; write them out")
    known[id(node)] = size, depth
    return size, depth


def _make_keys_text(node: Any, name: str) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if key.id != "scalar" or key.tag not in _YAML_TAGS:
            _refuse_yaml(name, key.start_mark, "a key must be a plain text")
        if key.value in seen:
            _refuse_yaml(name, key.start_mark, f"key {key.value!r} stands here and on line {seen[key.value]}")
        seen[key.value] = key.start_mark.line + 1
        key.tag = "tag:yaml.org,2002:str"
