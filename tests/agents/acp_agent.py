"""An agent that speaks the Agent Client Protocol and plays one case: `acp_agent.py CASE NOTE`.

What it sends is what OpenCode 1.18.33 sent over `opencode acp`; what it was given goes to the file NOTE.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

CASE, NOTE = sys.argv[1:3]
ASK = {"status": "blocked", "kind": "credential", "text": "which key?", "options": ["a", "b"], "default": "a"}
WORDS = {"error-400": "bad request", "error-401": "unauthorized", "error-429": "Too Many Requests", "error-500": "oh"}
got: dict[str, Any] = {"argv": [], "env": dict(os.environ), "cwd": str(Path.cwd())}


def send(**message: Any) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False), flush=True)


def update(what: str, **more: Any) -> None:
    send(method="session/update", params={"sessionId": "s-1", "update": {"sessionUpdate": what, **more}})


def say(text: str) -> None:
    for piece in (text[:5], text[5:]):
        update("agent_message_chunk", messageId="m", content={"type": "text", "text": piece})


def use(path: str, *, ask: bool = False, bare: bool = False) -> None:
    call = {"toolCallId": "c", "title": "write", "kind": "edit", "rawInput": {"filePath": path}}
    update("tool_call", status="pending", **call)
    allowed = True
    if ask:
        options = [{"optionId": kind, "kind": kind, "name": kind} for kind in ("allow_once", "reject_once")]
        send(id="p", method="session/request_permission", params={"toolCall": call, "options": options})
        allowed = json.loads(sys.stdin.readline())["result"]["outcome"]["optionId"] == "allow_once"
    told = {} if bare else {"content": [{"type": "content", "content": {"type": "text", "text": "done"}}]}
    update("tool_call_update", status="completed" if allowed else "failed", **call, **told)


def play() -> dict[str, Any]:
    """One prompt; gives its result."""
    stop, usage, cost = "end_turn", {"inputTokens": 200, "outputTokens": 40, "totalTokens": 240}, 0.5
    if CASE in {"success", "bare-tool", "hang"}:
        say("I will write it.")
        use("a.txt", ask=CASE == "success", bare=CASE == "bare-tool")
        if CASE == "hang":
            signal.pause()
        say("I wrote it.")
    elif CASE == "resume":
        usage, cost = {"inputTokens": 100, "outputTokens": 20, "totalTokens": 120}, 0.75
        say("I went on.")
    elif CASE == "question":
        say("I looked.\n\n```branchline\n" + json.dumps(ASK) + "\n```")
    elif CASE == "denied":
        use("/outside.txt", ask=True)
    elif CASE in {"truncated", "refusal"}:
        stop = {"truncated": "max_tokens", "refusal": "refusal"}[CASE]
        say("half of")
    update("usage_update", used=100, size=128000, cost={"amount": cost, "currency": "USD"})
    return {"stopReason": stop, "usage": usage}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of a request, or its error."""
    if method == "initialize":
        return {"result": {"protocolVersion": 1, "agentCapabilities": {"loadSession": CASE != "session-gone"}}}
    if method == "session/new":
        return {"result": {"sessionId": "s-1"}}
    if method == "session/load":
        got["argv"].append(params["sessionId"])
        say("What I said before.")
        return {"result": {}}
    if method == "session/set_model":
        got["argv"].append(params["modelId"])
        bad = {"code": -32602, "message": f"Invalid params: model not found: {params['modelId']}"}
        return {"error": bad} if CASE == "unknown-model" else {"result": {}}
    got["prompt"] = params["prompt"][0]["text"]
    Path(NOTE).write_text(json.dumps(got), encoding="utf-8")
    if CASE in WORDS:
        return {
            "error": {"code": -32603, "message": f"Internal error: {WORDS[CASE]}", "data": {"errorName": "APIError"}}
        }
    return {"result": play()}


print("a line that is no message")
for line in sys.stdin:
    asked = json.loads(line)
    send(id=asked["id"], **answer(asked["method"], asked["params"]))
