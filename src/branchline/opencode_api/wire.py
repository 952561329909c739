"""HTTP/1.1 over sockets: the library's client loads parsers of mail and TLS, a third of what a driver spends on an attempt."""

import select
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from typing import Final
from urllib.parse import SplitResult, urlsplit

KEPT: Final = 64
"""Connections that are kept for the next request."""
FAULTS: Final = (OSError, ValueError)
"""What a request that cannot be made, sent or answered raises; ValueError for what is no HTTP, or cannot be said in it."""
PIECE: Final = 1 << 16
HEADERS: Final = 100
"""So many headers an answer may have, each of PIECE bytes at most."""


class Answer:
    """An answer while it is read: `headers` by their names in small letters, `pieces` of its body without its framing."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        version, self.status = self._status()
        self.headers = self._fields()
        while 100 <= self.status < 200:  # it says that the answer is still to come
            version, self.status = self._status()
            self.headers = self._fields()
        self.is_whole = False
        """All of it was read, and the server waits for the next request."""
        self._keeps = version != "HTTP/1.0" and self.headers.get("connection", "").lower() != "close"
        self.pieces = self._body()

    def lines(self, limit: int) -> Iterator[bytes]:
        """The lines of the body, each when it is whole; raises ValueError for one of more than `limit` bytes."""
        held = bytearray()
        for piece in self.pieces:
            first, *more = piece.split(b"\n")
            held += first
            for start in more:
                yield bytes(held)
                held = bytearray(start)
            if len(held) > limit:
                raise ValueError(f"a line of more than {limit >> 20} MB")

    def _body(self) -> Iterator[bytes]:
        length = self.headers.get("content-length", "")
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            while size := self._size():
                yield from self._exactly(size)
                self._line()
            self._fields()
        elif self.status in (204, 304) or length.isdecimal():
            yield from self._exactly(int(length or 0))
        else:
            while piece := self._file.read1(PIECE):
                yield piece
            return
        self.is_whole = self._keeps

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._file.read1(min(size, PIECE))
            if not piece:
                raise ConnectionError("it hung up")
            size -= len(piece)
            yield piece

    def _size(self) -> int:
        said = self._line().partition(";")[0].strip()
        if not said.isalnum():  # `int` takes more than that for a number
            raise ValueError(f"no size of a chunk: {said[:40]!a}")
        return int(said, 16)

    def _status(self) -> tuple[str, int]:
        line = self._line()
        version, code, *_ = [*line.split(" ", 2), ""]
        if not (version.startswith("HTTP/1.") and code.isdecimal() and len(code) == 3):
            raise ValueError(f"no answer of HTTP: {line[:40]!a}")
        return version, int(code)

    def _fields(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(HEADERS):
            name, _, value = self._line().partition(":")
            if not name:
                return found
            found[name.strip().lower()] = value.strip()
        raise ValueError(f"more than {HEADERS} headers")

    def _line(self) -> str:
        line = self._file.readline(PIECE)
        if not line.endswith(b"\n"):
            raise ValueError("a header without an end") if line else ConnectionError("it hung up")
        return line.decode("latin-1").rstrip("\r\n")


class Wire:
    """The connections to one server; may be used from several threads. Raises ValueError for an address that is none.

    No proxies and no .netrc of the environment: the password goes to this server and nowhere else.
    """

    def __init__(self, url: str, auth: tuple[str, str] | None, timeout: float) -> None:
        self._place: SplitResult = urlsplit(url)
        self._port = self._place.port or (443 if self._place.scheme == "https" else 80)
        self._timeout = timeout
        self._headers = {
            "host": self._place.netloc.rpartition("@")[2],
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        if auth:
            self._headers["authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._busy: set[socket.socket] = set()

    @contextmanager
    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, silence: float = 0.0
    ) -> Iterator[Answer]:
        """Send a request; its answer is to be read within the block. `silence`: seconds between two pieces of it."""
        line = self._taken()
        try:
            line.sendall(self._request(method, path, headers, body))
            with self._read_from(line), line.makefile("rb") as file:
                found = Answer(file)
                if silence:
                    line.settimeout(silence)
                yield found
            self._keep(line, whole=found.is_whole)
        except BaseException:  # ^C as well: half an answer is left on the line
            line.close()
            raise

    def close(self) -> None:
        """Close every connection; who reads from one meets the end of it."""
        with self._lock:
            for line in self._idle:
                line.close()
            for each in self._busy:
                with suppress(OSError):  # the server was faster
                    each.shutdown(socket.SHUT_RDWR)
            self._idle.clear()

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        length = {} if body is None else {"content-length": str(len(body))}
        fields = {**self._headers, **headers, **length}
        lines = [f"{method} {self._place.path}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        if lines[0].count(" ") != 2 or not all(line.isascii() and line.isprintable() for line in lines):
            raise ValueError("an address or a header cannot be said in HTTP")
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def _taken(self) -> socket.socket:
        """A connection that the server has not closed meanwhile, or a new one."""
        with self._lock:
            while self._idle:
                line = self._idle.pop()
                if _is_quiet(line):
                    return line
                line.close()
        host = self._place.hostname or ""
        line = socket.create_connection((host, self._port), self._timeout)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._place.scheme != "https":
            return line
        import ssl  # only who needs it pays for it

        return ssl.create_default_context().wrap_socket(line, server_hostname=host)

    @contextmanager
    def _read_from(self, line: socket.socket) -> Iterator[None]:
        """Let `close` reach a connection while its answer is read."""
        with self._lock:
            self._busy.add(line)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(line)

    def _keep(self, line: socket.socket, *, whole: bool) -> None:
        with self._lock:
            if whole and len(self._idle) < KEPT:
                self._idle.append(line)
                return
        line.close()


def _is_quiet(line: socket.socket) -> bool:
    """Whether nothing came on a connection that nothing was asked on: what could come is its end."""
    look = select.poll()
    look.register(line, select.POLLIN)
    return not look.poll(0)
