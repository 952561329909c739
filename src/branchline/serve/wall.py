"""Who may ask, and what: by host, origin, method and token; pure."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from branchline.errors import RefusedError

VERBS: Final[Mapping[str, str]] = {
    "answer": "answer",
    "accept": "accept",
    "approve": "accept",
    "retry": "retry",
    "skip": "skip",
    "cancel": "cancel",
}
"""What can be asked of a run here -> the wish that it is: a held task that waits for approval is accepted."""
HEADERS: Final = (
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
"""What every answer says, that of a refusal too."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
Headers = Sequence[tuple[bytes, bytes]]


class Wall(NamedTuple):
    """What a request must show: `hosts` with their port, the `token`, or the cookie that it was changed for."""

    hosts: frozenset[str]
    token: str
    cookie: str
    session: str

    def judge(self, method: str, path: str, headers: Headers, query: bytes) -> bool:
        """Let a request in, or raise RefusedError; true when it brings the token in its address, to be changed for the cookie.

        Host comes first (a name of somebody else's that leads here: DNS rebinding), then who sent it (a page of another
        site), then what it wants (nothing is changed by a GET), and last the token, compared in constant time. No refusal
        quotes the request: what is masked is kept on disk, and who has no token writes nothing there.
        """
        self._check_host(headers)
        self._check_origin(headers)
        verb = path.rpartition("/")[2] in VERBS
        if method not in ("GET", "HEAD", "POST") or verb != (method == "POST"):
            raise RefusedError(405, "that method is not for this address; only a POST changes anything")
        return self._check_token(method, path, headers, query)

    def _check_host(self, headers: Headers) -> None:
        hosts = _all(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            raise RefusedError(403, "this dashboard is not called by that name; `[serve] hosts` adds one")

    def _check_origin(self, headers: Headers) -> None:
        origins = _all(headers, b"origin")
        if any(not each.startswith("http://") or each[7:].lower() not in self.hosts for each in origins):
            raise RefusedError(403, "another site's page may not ask here")
        if set(_all(headers, b"sec-fetch-site")) - {"same-origin", "none"}:
            raise RefusedError(403, "another site's page led here; open the address that was printed yourself")

    def _check_token(self, method: str, path: str, headers: Headers, query: bytes) -> bool:
        given = [value for name, value in parse_qsl(query.decode("latin-1")) if name == "token"]
        bearers = [each.removeprefix("Bearer ") for each in _all(headers, b"authorization")]
        if given or bearers:
            is_page = method == "GET" and path == "/"
            if not all(_same(each, self.token) for each in (*given, *bearers)) or (given and not is_page):
                raise RefusedError(401, "the token is wrong; open the address that `branchline serve` printed")
            return bool(given)
        cookies = [part.strip() for each in _all(headers, b"cookie") for part in each.split(";")]
        found = [part.partition("=")[2] for part in cookies if part.startswith(f"{self.cookie}=")]
        if len(found) != 1 or not _same(found[0], self.session):
            raise RefusedError(401, "there is no token; open the address that `branchline serve` printed")
        if method == "POST" and not (_all(headers, b"origin") or _all(headers, b"sec-fetch-site")):
            raise RefusedError(403, "a cookie alone changes nothing: a script sends `Authorization: Bearer TOKEN`")
        return False


def hosts_of(port: int, names: Iterable[str]) -> frozenset[str]:
    """Every value of Host for a server of this port; a name that has a port of its own keeps it."""
    whole = {name.lower() for name in names}
    own = {name for name in whole if name.rpartition(":")[2].isdigit() and not name.endswith("]")}
    return frozenset(own | {f"{name}:{port}" for name in whole - own} | ({*(whole - own)} if port == 80 else set()))


def _all(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _same(given: str, own: str) -> bool:
    return hmac.compare_digest(given.encode("latin-1", "replace"), own.encode())
