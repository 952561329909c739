"""The profile for macOS, as text for `sandbox-exec -p`. Untested on a Mac: no level uses it yet."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_SYSTEM: Final = ("/System", "/Library/Developer", "/usr", "/bin", "/sbin", "/opt", "/private/var/db/timezone", "/dev")
_HEAD: Final = """(version 1)
(deny default)
(allow process-fork process-exec)
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow file-read-metadata)
(allow file-write-data (literal "/dev/null") (literal "/dev/tty"))
"""


def profile(readable: Iterable[Path], writable: Iterable[Path], *, network: bool) -> str:
    """Return a profile that denies all but the system, what is `readable` and `writable`, and where asked the network."""
    lines = [_HEAD.rstrip()]
    for path in (*map(Path, _SYSTEM), *sorted(readable)):
        lines.append(f"(allow file-read* (subpath {_quoted(path)}))")
    for path in sorted(writable):
        lines.append(f"(allow file-read* file-write* (subpath {_quoted(path)}))")
    if network:
        lines.append("(allow network*)")
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
