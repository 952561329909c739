"""HTTP by the standard library: the third-party client takes longer to import than a driver's whole attempt may take."""

import http.client
import select
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import SplitResult, urlsplit

KEPT: Final = 64
"""Connections that are kept for the next request."""
FAULTS: Final = (OSError, http.client.HTTPException, ValueError)
"""What a request that cannot be made, sent or answered raises; ValueError for what no header can hold."""


class Wire:
    """The connections to one server; may be used from several threads. Raises ValueError for an address that is none.

    No proxies and no .netrc of the environment: the password goes to this server and nowhere else.
    """

    def __init__(self, url: str, auth: tuple[str, str] | None, timeout: float) -> None:
        self._place: SplitResult = urlsplit(url)
        self._port = self._place.port
        self._timeout = timeout
        self._headers = {"content-type": "application/json"}
        if auth:
            self._headers["authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[socket.socket] = set()

    @contextmanager
    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, silence: float = 0.0
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request; its answer is to be read within the block. `silence`: seconds between two pieces of it."""
        line = self._taken()
        try:
            line.request(method, self._place.path + path, body, {**self._headers, **headers})
            with self._read_from(line.sock) as place, line.getresponse() as found:
                if silence:
                    place.settimeout(silence)
                yield found
                whole = (found.isclosed() or found.length == 0) and not found.will_close
            self._keep(line, whole=whole)
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

    def _taken(self) -> http.client.HTTPConnection:
        """A connection that the server has not closed meanwhile, or a new one."""
        with self._lock:
            while self._idle:
                line = self._idle.pop()
                if _is_quiet(line.sock):
                    return line
                line.close()
        host = self._place.hostname or ""
        if self._place.scheme == "https":
            trusted = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._port, timeout=self._timeout, context=trusted)
        return http.client.HTTPConnection(host, self._port, timeout=self._timeout)

    @contextmanager
    def _read_from(self, place: socket.socket) -> Iterator[socket.socket]:
        """Let `close` reach a connection while its answer is read."""
        with self._lock:
            self._busy.add(place)
        try:
            yield place
        finally:
            with self._lock:
                self._busy.discard(place)

    def _keep(self, line: http.client.HTTPConnection, *, whole: bool) -> None:
        with self._lock:
            if whole and len(self._idle) < KEPT:
                self._idle.append(line)
                return
        line.close()


def _is_quiet(place: socket.socket) -> bool:
    """Whether nothing came on a connection that nothing was asked on: what could come is its end."""
    look = select.poll()
    look.register(place, select.POLLIN)
    return not look.poll(0)
