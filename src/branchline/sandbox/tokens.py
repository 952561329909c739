"""A GitHub token for one attempt: made from a GitHub App for one repository, revoked at the end and after a crash.

Started as `python -I -S tokens.py make FOLDER PID` before a worker, `... revoke FOLDER` after it and `... sweep TOKENS`, the
folder of all, at the start of a run; FOLDER holds SPEC. `make` prints the token and keeps it in a file of mode 600 until it is
revoked: without it nobody could take it back after a crash. Each `make` first takes back those beside it whose process PID is
gone. What stands in NOTE is no secret. Standard library only, and no import of our own.

https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SPEC = "spec.json"
KEEP = "token"
NOTE = "token.json"
PATIENCE = 20.0  # seconds of one request
LIFE = 540  # seconds of a JWT; GitHub takes at most ten minutes
SKEW = 60  # seconds that our clock may be ahead
PERMISSIONS = {"contents": "write", "pull_requests": "write", "issues": "write"}
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class TokenError(Exception):
    """A request about a token that failed: words for people, without any secret, and the status of HTTP, 0 for none."""

    def __init__(self, words: str, status: int = 0) -> None:
        super().__init__(words)
        self.status = status


def make(folder: Path, pid: int, now: float) -> str:
    """Return a token for the repository that SPEC names; it is kept for its end before anybody gets it."""
    spec = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    owner, _, name = spec["repository"].partition("/")
    bearer = jwt(spec["app"], _key(spec["key"]), now)
    number = spec["installation"] or _ask(spec["api"], "GET", f"/repos/{owner}/{name}/installation", bearer)["id"]
    wanted = {"repositories": [name], "permissions": PERMISSIONS}
    given = _ask(spec["api"], "POST", f"/app/installations/{number}/access_tokens", bearer, wanted)
    token = str(given["token"])
    _write(folder / KEEP, {"token": token, "api": spec["api"], "pid": pid, "since": _since(pid)})
    told = {"repository": spec["repository"], "permissions": PERMISSIONS, "expires": given.get("expires_at")}
    _write(folder / NOTE, {**told, "made": now, "revoked": None})
    return token


def revoke(folder: Path, now: float) -> bool:
    """Take back the token that is kept in a folder, if any; False when that must be tried again."""
    try:
        kept = json.loads((folder / KEEP).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    try:
        _ask(kept["api"], "DELETE", "/installation/token", kept["token"])
    except TokenError as error:
        if error.status != 401:  # one that GitHub does not know any more has expired, or was revoked
            return False
    if (folder / NOTE).is_file():
        _write(folder / NOTE, {**json.loads((folder / NOTE).read_text(encoding="utf-8")), "revoked": now})
    (folder / KEEP).unlink(missing_ok=True)  # two may take back the same one
    return True


def sweep(folder: Path, now: float) -> None:
    """Take back the tokens of attempts that are gone, in all the folders of `folder`."""
    for path in folder.glob(f"*/{KEEP}"):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if _since(kept["pid"]) != kept["since"]:
            revoke(path.parent, now)


def _since(pid: int) -> str:
    """When a process started, in clock ticks since boot; "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def jwt(app: str, key: tuple[int, int], now: float) -> str:
    """Return what an app names itself by, signed with RS256; `key` is (modulus, private exponent)."""
    head = _url(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    body = _url(json.dumps({"iat": int(now) - SKEW, "exp": int(now) + LIFE, "iss": app}).encode())
    signed = f"{head}.{body}".encode()
    size = (key[0].bit_length() + 7) // 8
    text = _SHA256 + hashlib.sha256(signed).digest()
    padded = b"\0\1" + b"\xff" * (size - len(text) - 3) + b"\0" + text
    return f"{signed.decode()}.{_url(pow(int.from_bytes(padded, 'big'), key[1], key[0]).to_bytes(size, 'big'))}"


def key_of(pem: str) -> tuple[int, int]:
    """Return modulus and private exponent of an RSA key in PEM (PKCS #1 or #8); raises ValueError for anything else."""
    lines = [line.strip() for line in pem.strip().splitlines()]
    if lines[0] not in ("-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----"):
        raise ValueError("not a private key in PEM")
    parts = _sequence(_inner(base64.b64decode("".join(lines[1:-1]), validate=True), 0x30))
    if parts[1][0] == 0x30:  # PKCS #8: version, algorithm, and an octet string that holds the key
        parts = _sequence(_inner(parts[2][1], 0x30))
    numbers = [int.from_bytes(body, "big") for tag, body in parts if tag == 0x02]
    return numbers[1], numbers[3]


def _sequence(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        length, start = data[1], 2
        if length & 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(data[2:start], "big")
        found.append((data[0], data[start : start + length]))
        data = data[start + length :]
    return found


def _inner(data: bytes, tag: int) -> bytes:
    (found, body), *_ = _sequence(data)
    if found != tag:
        raise ValueError("not a key")
    return body


def _key(path: str) -> tuple[int, int]:
    try:
        return key_of(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError, IndexError) as error:
        raise TokenError(f"the key of the GitHub App cannot be read: {path}: {error}") from None


def _ask(api: str, method: str, path: str, bearer: str, body: object = None) -> "dict[str, Any]":
    headers = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "branchline",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api.rstrip("/") + path, data, headers, method=method)  # noqa: S310 - the user's setting
    request.add_unredirected_header("Authorization", f"Bearer {bearer}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - the user's setting
            text = answer.read(1 << 20)
            return dict(json.loads(text)) if text else {}
    except urllib.error.HTTPError as error:
        with error:
            raise TokenError(f"GitHub answers {error.code} to {method} {path}", error.code) from None
    except (OSError, ValueError) as error:
        raise TokenError(f"GitHub cannot be asked ({method} {path}): {error}") from None


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _write(path: Path, told: object) -> None:
    draft = path.with_name(path.name + ".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(told, file)
    draft.replace(path)


def main(arguments: list[str]) -> int:
    """Do what the first word says; what fails is told on stderr."""
    folder, now = Path(arguments[1]), time.time()
    try:
        if arguments[0] == "revoke":
            return 0 if revoke(folder, now) else 1
        if arguments[0] == "sweep":
            sweep(folder, now)
            return 0
        sweep(folder.parent, now)
        sys.stdout.write(make(folder, int(arguments[2]), now))
    except TokenError as error:
        sys.stderr.write(f"branchline: no token: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
