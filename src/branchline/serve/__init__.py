"""the dashboard, over the same workflow calls

`serve` listens and hands out the address; `wall` says who may ask, `desk` what is shown and asked, `app` brings both to
HTTP. It is a process beside the coordinator: it reads the store, and leaves wishes there as the command line does.
"""

import re
import secrets
import socket
from collections.abc import Callable
from ipaddress import ip_address

from branchline.config import ServeSettings
from branchline.errors import SettingsError, UsageError
from branchline.sandbox.vault import Vault
from branchline.serve.app import build
from branchline.serve.desk import Desk
from branchline.serve.wall import LOOPBACK, Wall, hosts_of
from branchline.workflow.console import Console
from branchline.workflow.project import open_project

SPARE = 64
"""Connections beside the streams; the kernel's table of files is not to be filled by anybody."""
TOKEN = re.compile(r"[\w.~-]{16,512}", re.ASCII)
CLOSING = 3
"""Seconds that open answers have when the server ends."""


def serve(console: Console, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the dashboard of this repository until it is interrupted; `announce` gets its address with the token.

    Port 0 takes a free one. Raises UsageError when nobody can listen there, or when others could without a token of the
    user's own; KeyboardInterrupt at the end.
    """
    project = open_project(console)
    own = project.settings.serve
    with _listening(host, port) as listener:
        address, port = listener.getsockname()[:2]
        token = _token(own, console.env.get(own.token_env, ""), address)
        name = f"[{address}]" if ":" in address else address
        wall = Wall(
            hosts_of(port, (*LOOPBACK, name, host, *own.hosts)),
            token,
            f"branchline-{port}",
            secrets.token_urlsafe(32),
        )
        desk = Desk(console, Vault.of(console.state, project.settings.mask), own)
        _run(desk, wall, listener, lambda: announce(f"http://{name}:{port}/?token={token}"))


def _run(desk: Desk, wall: Wall, listener: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn

    server: uvicorn.Server
    config = uvicorn.Config(
        build(desk, wall, lambda: server.should_exit),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,  # what is logged is faults of ours, to stderr; a request's address may hold the token
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=desk.limits.streams + SPARE,
        timeout_graceful_shutdown=CLOSING,
    )
    server = uvicorn.Server(config)
    ready()
    server.run(sockets=[listener])
    raise KeyboardInterrupt  # also where that signal is ignored, as in the background of a shell


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port < 65536:  # getaddrinfo would take what is left of it
        raise UsageError(f"--port {port}: a port is a number from 1 to 65535, or 0 for a free one")
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place[:2], family=family)
    except (OSError, UnicodeError, OverflowError) as error:
        raise UsageError(f"cannot listen at {host} port {port}: {getattr(error, 'strerror', None) or error}") from None


def _token(own: ServeSettings, given: str, address: str) -> str:
    """The user's own token, else a new one; raises SettingsError for a weak one, and for none where others can come."""
    if given and not TOKEN.fullmatch(given):
        raise SettingsError(f"{own.token_env}: a token has 16 to 512 letters, digits, `-`, `_`, `.` or `~`")
    if not given and not ip_address(address.partition("%")[0]).is_loopback:
        raise SettingsError(
            f"--host {address} can be reached from other machines: put a token of your own into {own.token_env} first, "
            "or leave --host away and come through `ssh -L PORT:127.0.0.1:PORT`, with the same --port at both ends"
        )
    return given or secrets.token_urlsafe(32)
