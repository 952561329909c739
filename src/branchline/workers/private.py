"""What an agent gets of the user's own configuration and keys: read with limits, written for the owner only."""

import json
import os
import stat
from pathlib import Path
from typing import Any, Final

from branchline.errors import InputError

MAX_CONFIG: Final = 1024 * 1024


def read_text(path: Path, agent: str) -> str:
    """Read a configuration file of the user's agent, "" when there is none; raises InputError naming the file."""
    try:
        status = path.stat()
        if status.st_size > MAX_CONFIG:
            raise InputError(f"{path} is larger than {MAX_CONFIG} bytes; that is no configuration of {agent}")
        if not stat.S_ISREG(status.st_mode) and not path.samefile(os.devnull):  # a pipe would be waited for
            raise InputError(f"{path} is no regular file; that is no configuration of {agent}")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the configuration of {agent} cannot be read: {error}") from None


def read_object(path: Path, agent: str) -> dict[str, Any]:
    """Read a JSON object of the user's agent, empty when there is none; raises InputError naming the file."""
    found = read_text(path, agent)
    try:
        data = json.loads(found) if found.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: the configuration of {agent} cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: the configuration of {agent} must be an object")
    return data


def write(path: Path, content: str) -> None:
    """Write a file of mode 600 in one step; it may hold keys."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    temporary.replace(path)
