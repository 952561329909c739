"""The one way out of a sandbox without a network: an HTTP proxy that asks of every connection whether it may be made.

Loaded by `door` beside the worker it serves, whose side lends it listening sockets (see `proc.lend`), so there is no route but
this. A name is judged by its tier, resolved once, every
address it has must be public, and it is that address that is connected to. What the user named is reached as it is:
`servers` (host and port) through the proxy, and each port of `local`, which is the machine's own, by a socket of its own.
One line of JSON in the log for each connection. Standard library only, and no import of our own but the tiers beside it.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence

TYPE_CHECKING = False  # loaded as a plain file it imports nothing of the package
if TYPE_CHECKING or __package__:
    from typing import Any

    from branchline.sandbox import tiers
else:
    import tiers  # type: ignore[import-not-found,no-redef]

HEAD = 64 << 10  # bytes that the head of a request may have
CHUNK = 256 << 10
PATIENCE = 30.0  # seconds for a head, a name and a connection
HOP = (
    "connection",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "keep-alive",
    "te",
    "upgrade",
    "host",
)
NAMED = "a server of yours"
ANSWERS = {400: "Bad Request", 403: "Forbidden", 431: "Request Header Fields Too Large", 502: "Bad Gateway"}


class RefusedError(Exception):
    """A request that is not carried out: a status of HTTP and the reason in words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Proxy:
    """One attempt's proxy.

    `spec` has log, tiers, servers, local, unknown, ports, connections (at once) and megabytes (in all); `resolve` gives
    a name's addresses as `socket.getaddrinfo` does.
    """

    def __init__(self, spec: "dict[str, Any]", resolve: "Callable[..., Any]" = socket.getaddrinfo) -> None:
        self.spec = spec
        self.resolve = resolve
        self.left = int(spec["megabytes"]) << 20
        self.room = threading.BoundedSemaphore(int(spec["connections"]))
        self.lock = threading.Lock()
        self.log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def serve(self, handles: Sequence[int]) -> None:
        """Serve the listening sockets that were lent, the first as a proxy and the others for `local`; for ever."""
        for handle, local in zip(handles, (0, *self.spec["local"]), strict=True):
            threading.Thread(target=self.listen, args=(socket.socket(fileno=handle), local)).start()

    def listen(self, ear: socket.socket, local: int) -> None:
        """Serve one listening socket; who comes when all rooms are taken waits."""
        while True:
            self.room.acquire()
            client, _ = ear.accept()
            threading.Thread(target=self.handle, args=(client, local), daemon=True).start()

    def handle(self, client: socket.socket, local: int) -> None:
        """Carry out one request, or pass all on to a `local` port that is not 0, and tell of it in the log."""
        row: dict[str, Any] = {"at": round(time.time(), 3), "allowed": False, "why": ""}
        began = time.monotonic()
        try:
            if local:
                self.forward(client, local, row)
            else:
                self.carry(client, row)
        except RefusedError as refused:
            row["why"] = refused.why
            _answer(client, refused)
        except OSError as error:
            row["why"] = row["why"] or f"connection: {error.strerror or error}"
        finally:
            client.close()
            self.room.release()
            row["seconds"] = round(time.monotonic() - began, 3)
            os.write(self.log, (json.dumps(row) + "\n").encode())

    def carry(self, client: socket.socket, row: "dict[str, Any]") -> None:
        """Read the head of a request, judge it, connect, and pass what follows; raises RefusedError."""
        client.settimeout(PATIENCE)
        head, rest = read_head(client)
        method, host, port, first = asked(head)
        row |= {"method": method, "host": host, "port": port}
        found = tiers.classify(host, self.spec["tiers"])
        if [found.name, port] in self.spec["servers"]:
            found, verdict, named = found._replace(tier=1), tiers.Verdict(True, NAMED), True
        else:
            verdict = tiers.decide(found, unknown=self.spec["unknown"], port=port, ports=self.spec["ports"])
            # A rule of the user's that names this very host may lead to the machine itself or its neighbours.
            named = found.rule == found.name and self.spec["tiers"].get(found.name) is not None
        row |= {"tier": found.tier, "rule": found.rule, "flagged": verdict.flagged, "why": verdict.why}
        if not verdict.allowed:
            raise RefusedError(403, verdict.why)
        with self.connect(found.name, port, row, private=named) as server:
            row["allowed"] = True
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(first)
            if rest:
                server.sendall(rest)
            row["sent"], row["received"] = self.pump(client, server, len(rest))

    def forward(self, client: socket.socket, port: int, row: "dict[str, Any]") -> None:
        """Pass what comes to a port of the worker's loopback on to the same port of the machine's."""
        row |= {
            "method": "TCP",
            "host": "localhost",
            "port": port,
            "tier": 1,
            "rule": "",
            "flagged": False,
            "why": NAMED,
        }
        with self.connect("localhost", port, row, private=True) as server:
            row["allowed"] = True
            row["sent"], row["received"] = self.pump(client, server, 0)

    def connect(self, host: str, port: int, row: "dict[str, Any]", *, private: bool) -> socket.socket:
        """Connect to a host by the address it has now; raises RefusedError when one of its addresses is not public."""
        try:
            rows = self.resolve(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise RefusedError(502, f"the name cannot be resolved: {error}") from None
        places = [(family, where) for family, _, _, _, where in rows]
        bad = next((str(where[0]) for _, where in places if not private and not tiers.is_public(str(where[0]))), "")
        if bad:
            row["address"] = bad
            raise RefusedError(403, f"the name leads to {bad}, which is not public")
        for family, where in places:
            server = socket.socket(family, socket.SOCK_STREAM)
            server.settimeout(PATIENCE)
            try:
                server.connect(where)
            except OSError as error:
                server.close()
                row["why"] = f"cannot be reached: {error.strerror or error}"
                continue
            row["address"] = str(where[0])
            return server
        raise RefusedError(502, row["why"])

    def pump(self, client: socket.socket, server: socket.socket, sent: int) -> tuple[int, int]:
        """Pass bytes both ways until both sides have ended or the limit is used up; the bytes sent and received."""
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        counts = [sent, 0]
        upward = threading.Thread(target=self.copy, args=(client, server, counts, 0), daemon=True)
        upward.start()
        self.copy(server, client, counts, 1)
        upward.join()
        return counts[0], counts[1]

    def copy(self, source: socket.socket, target: socket.socket, counts: list[int], place: int) -> None:
        """Pass bytes one way and then end that way; beyond the limit end both."""
        buffer = memoryview(bytearray(CHUNK))
        try:
            while size := source.recv_into(buffer):
                target.sendall(buffer[:size])
                counts[place] += size
                with self.lock:
                    self.left -= size
                if self.left < 0:
                    _shut(source, socket.SHUT_RDWR)
                    break
        except OSError:
            _shut(source, socket.SHUT_RDWR)
        _shut(target, socket.SHUT_WR)


def _shut(end: socket.socket, how: int) -> None:
    try:
        end.shutdown(how)
    except OSError:
        return


def _answer(client: socket.socket, refused: RefusedError) -> None:
    body = f"branchline: {refused.why}\n".encode()
    head = f"HTTP/1.1 {refused.status} {ANSWERS[refused.status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    try:
        client.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    except OSError:
        return


def read_head(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > HEAD:
            raise RefusedError(431, "the head of the request is too long")
        try:
            chunk = client.recv(8192)
        except TimeoutError:
            chunk = b""
        if not chunk:
            raise RefusedError(400, "the request ended early")
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def asked(head: bytes) -> tuple[str, str, int, bytes]:
    """Return method, host, port, and the head as the server gets it; raises RefusedError for what is no such request."""
    line, *rows = head.decode("latin-1").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or any(each < " " for each in line):
        raise RefusedError(400, "that is no request of HTTP/1")
    if any(each in row for row in rows for each in "\r\n\0"):  # a server might take half of it for a line of its own
        raise RefusedError(400, "a line of the head ends within itself")
    method, target, _ = words
    if method == "CONNECT":
        host, port = _split(target, 443)
        return method, host, port, b""
    scheme, mark, rest = target.partition("://")
    place, slash, path = rest.partition("/")
    if scheme.lower() != "http" or not mark or "@" in place:
        raise RefusedError(400, "only CONNECT and http:// are carried out")
    host, port = _split(place.partition("?")[0], 80)
    fields = [row for row in rows if row.partition(":")[0].strip().lower() not in HOP]
    first = [
        f"{method} {slash or '/'}{path} HTTP/1.1",
        f"Host: {place.partition('?')[0]}",
        *fields,
        "Connection: close",
    ]
    return method, host, port, ("\r\n".join(first) + "\r\n\r\n").encode("latin-1")


def _split(place: str, usual: int) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not colon or "]" in port:
        return place, usual
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise RefusedError(400, "the port is no number")
    return host, int(port)


def main(spec: str, handles: Sequence[int]) -> None:
    """Serve as the file `spec` says."""
    with open(spec, encoding="utf-8") as file:  # noqa: PTH123 - it starts beside a worker
        Proxy(json.load(file)).serve(handles)
