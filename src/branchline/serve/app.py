"""The pages behind the wall, as an ASGI application."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from branchline.errors import BranchlineError, LockedError, NotFoundError, RefusedError, UsageError
from branchline.serve.desk import Desk
from branchline.serve.wall import HEADERS, VERBS, Wall

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES: Final = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.svg": ("page.svg", "image/svg+xml"),
}
LOOK: Final = 0.5
"""Seconds between two looks at whether anything was recorded."""
BEAT: Final = 30
"""Looks after which a stream says that it is alive."""
STATUSES: Final = ((NotFoundError, 404), (UsageError, 400), (LockedError, 409))


def build(desk: Desk, wall: Wall, closing: Callable[[], bool]) -> "ASGIApp":
    """The application; its streams end soon after `closing` says so."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.responses import Response
    from starlette.routing import Route

    def page(request: "Request") -> Response:
        name, kind = PAGES[request.scope["path"]]
        return Response(Path(__file__).with_name(name).read_bytes(), media_type=kind)

    def state(request: "Request") -> Response:
        return told(200, desk.state(request.query_params.get("run", "")))

    def task(request: "Request") -> Response:
        asked = request.query_params
        return told(200, desk.task(asked.get("run", ""), asked.get("task", "")))

    async def wish(request: "Request") -> Response:
        body = await body_of(request, desk.limits.body)
        verb = request.scope["path"].rpartition("/")[2]
        return told(200, await asyncio.to_thread(desk.ask, verb, body))

    def failed(_: "Request", error: Exception) -> Response:
        return refusal(desk, error)

    following = Following(desk, closing)

    async def events(_: "Request") -> Any:
        return following

    app = Starlette(
        routes=[
            *(Route(path, page) for path in PAGES),
            Route("/api/state", state),
            Route("/api/task", task),
            Route("/api/events", events, methods=["GET"]),
            *(Route(f"/api/{verb}", wish, methods=["POST"]) for verb in VERBS),
        ],
        exception_handlers={BranchlineError: failed, HTTPException: failed, Exception: failed},
    )
    app.router.redirect_slashes = False  # an address that is nearly right is not there
    return walled(app, desk, wall)


def walled(app: "ASGIApp", desk: Desk, wall: Wall) -> "ASGIApp":
    """The application behind the wall: every answer has our headers, and what is refused does not reach it."""
    from starlette.responses import RedirectResponse

    async def answer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def dressed(message: "Message") -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
                message = {**message, "headers": [*message.get("headers", ()), *ours]}
            await send(message)

        if scope["type"] != "http":  # no other is spoken here
            raise RuntimeError(f"{scope['type']} is not served")
        try:
            came_with_token = wall.judge(scope["method"], scope["path"], scope["headers"], scope["query_string"])
        except RefusedError as error:
            await refusal(desk, error)(scope, receive, dressed)
            return
        if came_with_token:  # out of the address, the history and whatever is linked to
            changed = RedirectResponse("/", 303)
            changed.set_cookie(wall.cookie, wall.session, httponly=True, samesite="strict")
            await changed(scope, receive, dressed)
            return
        await app(scope, receive, dressed)

    return answer


class Following:
    """Streams that say when something was recorded, a bounded number of them at once."""

    def __init__(self, desk: Desk, closing: Callable[[], bool]) -> None:
        self._desk = desk
        self._closing = closing
        self._open = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """One stream, until its reader goes or the server ends."""
        if self._open >= self._desk.limits.streams:
            full = RefusedError(503, f"{self._open} pages follow already; close one ([serve] streams)")
            await refusal(self._desk, full)(scope, receive, send)
            return
        self._open += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._tell(gone, send)
        finally:
            self._open -= 1
            gone.cancel()

    async def _tell(self, gone: "asyncio.Future[None]", send: "Send") -> None:
        last, silent = "", 0
        while not (gone.done() or self._closing()):
            now = self._desk.version()
            text = f"data: {now}\n\n" if now != last else ":\n\n" if silent >= BEAT else ""
            if text:
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            last, silent = now, 0 if text else silent + 1
            await asyncio.wait({gone}, timeout=LOOK)
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: "Receive") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def body_of(request: "Request", most: int) -> bytes:
    """The body of a request that says it is JSON; raises RefusedError for another or a longer one."""
    from starlette.requests import ClientDisconnect

    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "the body is to be application/json")
    found = bytearray()
    try:
        async for part in request.stream():
            found += part
            if len(found) > most:
                raise RefusedError(413, f"the body has more than {most} bytes ([serve] body)")
    except ClientDisconnect:
        raise RefusedError(400, "the body was cut off") from None
    return bytes(found)


def told(status: int, data: dict[str, Any], headers: dict[str, str] | None = None) -> "Response":
    """An answer in JSON, all of it in ASCII: a lone surrogate is no letter of UTF-8."""
    from starlette.responses import Response

    return Response(json.dumps(data), status, headers, media_type="application/json")


def refusal(desk: Desk, error: Exception) -> "Response":
    """An error in the house's shape, with HTTP's number for it; of what nobody foresaw the server keeps the traceback."""
    from starlette.exceptions import HTTPException

    if isinstance(error, HTTPException):
        error = RefusedError(error.status_code, error.detail)
    if isinstance(error, RefusedError):
        return told(error.status, desk.failed(error), {"Connection": "close"})  # who is refused keeps no line open
    if isinstance(error, BranchlineError):
        status = next((status for kind, status in STATUSES if isinstance(error, kind)), 503)
        return told(status, desk.failed(error))
    return told(500, {"ok": False, "code": "E_UNEXPECTED", "error": f"unexpected {type(error).__name__}"})
