"""How three APIs of models say the same: OpenAI chat completions, OpenAI Responses, Anthropic Messages.

A dialect reads a request (`turns`) and writes the answer to it (`whole` or, streamed, `events`) from one step of a
scenario; `error` is what a refused request gets.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Step = Mapping[str, Any]
Turn = tuple[str, str]
"""Who spoke (user, assistant or tool), and the text of it."""


def flat(content: Any) -> str:
    """The text of a message, whatever its parts are."""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or "" for part in content or () if isinstance(part, dict))


def calls(step: Step, turn: int) -> Iterator[tuple[str, str, Any]]:
    """The tool calls of a step as (id, name, arguments)."""
    for index, (name, arguments) in enumerate(step.get("tools", ())):
        yield f"call_{turn}_{index}", name, arguments


def usage(step: Step) -> tuple[int, int]:
    """The tokens a step is said to take and to make."""
    given, made = step.get("usage", (100, 20))
    return given, made


class Chat:
    """OpenAI chat completions."""

    def turns(self, body: Mapping[str, Any]) -> list[Turn]:
        """What was said so far."""
        spoken = (m for m in body.get("messages", []) if m.get("role") not in {"system", "developer"})
        return [(message["role"], flat(message.get("content"))) for message in spoken]

    def error(self, status: int, said: str) -> Mapping[str, Any]:
        """The body of a refusal."""
        return {"error": {"message": said, "type": "stub"}}

    def _message(self, step: Step, turn: int) -> tuple[dict[str, Any], str]:
        made = [
            {"index": i, "id": key, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for i, (key, name, arguments) in enumerate(calls(step, turn))
        ]
        message: dict[str, Any] = {"role": "assistant", "content": step.get("text") or (None if made else "")}
        message |= {"tool_calls": made} if made else {}
        return message, step.get("finish") or ("tool_calls" if made else "stop")

    def _usage(self, step: Step) -> dict[str, int]:
        given, made = usage(step)
        return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}

    def whole(self, step: Step, turn: int, model: str) -> Mapping[str, Any]:
        """The answer in one piece."""
        message, finish = self._message(step, turn)
        choice = {"index": 0, "message": message, "finish_reason": finish}
        used = {**self._usage(step), "prompt_tokens_details": {"cached_tokens": step.get("cached", 0)}}
        return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": used}

    def events(self, step: Step, turn: int, model: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
        """The answer as (name of the event, data)."""
        head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": model}
        message, finish = self._message(step, turn)
        for delta, reason in ((message, None), ({}, finish)):
            yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        yield "", {**head, "choices": [], "usage": self._usage(step)}
        yield "", "[DONE]"


class Messages:
    """Anthropic Messages."""

    def turns(self, body: Mapping[str, Any]) -> list[Turn]:
        """What was said so far; the results of tools come in the name of the user there."""
        found = []
        for message in body.get("messages", []):
            parts = message.get("content")
            result = isinstance(parts, list) and any(part.get("type") == "tool_result" for part in parts)
            if message["role"] in {"user", "assistant"}:
                found.append(("tool" if result else message["role"], flat(parts)))
        return found

    def error(self, status: int, said: str) -> Mapping[str, Any]:
        """The body of a refusal."""
        kinds = {400: "invalid_request", 401: "authentication", 404: "not_found", 429: "rate_limit", 529: "overloaded"}
        return {"type": "error", "error": {"type": f"{kinds.get(status, 'api')}_error", "message": said}}

    def whole(self, step: Step, turn: int, model: str) -> Mapping[str, Any]:
        """The answer in one piece."""
        blocks: list[dict[str, Any]] = [{"type": "text", "text": step["text"]}] if step.get("text") else []
        made = [{"type": "tool_use", "id": f"toolu_{k}", "name": n, "input": a} for k, n, a in calls(step, turn)]
        given, answered = usage(step)
        counts = {"input_tokens": given, "output_tokens": answered}
        return {
            "id": f"msg_{turn}", "type": "message", "role": "assistant", "model": model, "content": blocks + made,
            "stop_reason": step.get("finish") or ("tool_use" if made else "end_turn"), "stop_sequence": None,
            "usage": {**counts, "cache_creation_input_tokens": 0, "cache_read_input_tokens": step.get("cached", 0)},
        }  # fmt: skip

    def events(self, step: Step, turn: int, model: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
        """The answer as (name of the event, data)."""
        message = self.whole(step, turn, model)
        begun = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
        found: list[Mapping[str, Any]] = [{"type": "message_start", "message": begun}]
        for index, block in enumerate(message["content"]):
            if block["type"] == "text":
                empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
            else:
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                empty = {**block, "input": {}}
            found.append({"type": "content_block_start", "index": index, "content_block": empty})
            found.append({"type": "content_block_delta", "index": index, "delta": delta})
            found.append({"type": "content_block_stop", "index": index})
        end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        made = {"output_tokens": message["usage"]["output_tokens"]}
        found += [{"type": "message_delta", "delta": end, "usage": made}, {"type": "message_stop"}]
        yield from ((event["type"], event) for event in found)


class Responses:
    """OpenAI Responses."""

    def turns(self, body: Mapping[str, Any]) -> list[Turn]:
        """What was said so far; one turn of the model is several items there."""
        found: list[Turn] = []
        for item in body.get("input", []):
            kind = item.get("type", "message")
            role = (
                "tool" if kind.endswith("_output") else "assistant" if kind.endswith("_call") else item.get("role", "")
            )
            if role not in {"user", "assistant", "tool"}:
                continue
            if role == "assistant" and found and found[-1][0] == "assistant":
                found[-1] = (role, found[-1][1] + flat(item.get("content")))
            else:
                found.append((role, flat(item.get("content"))))
        return found

    def error(self, status: int, said: str) -> Mapping[str, Any]:
        """The body of a refusal."""
        return {"error": {"message": said, "type": "invalid_request_error" if status == 400 else "stub"}}

    def whole(self, step: Step, turn: int, model: str) -> Mapping[str, Any]:
        """The answer in one piece."""
        text = {"type": "output_text", "text": step.get("text", ""), "annotations": []}
        said = {"type": "message", "id": f"msg_{turn}", "role": "assistant", "status": "completed", "content": [text]}
        made = [
            {
                "type": "function_call",
                "id": f"fc_{k}",
                "call_id": k,
                "name": n,
                "arguments": json.dumps(a),
                "status": "completed",
            }
            for k, n, a in calls(step, turn)
        ]
        given, answered = usage(step)
        counts: dict[str, Any] = {"input_tokens": given, "output_tokens": answered, "total_tokens": given + answered}
        counts |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        cut = {"incomplete_details": {"reason": step["finish"]}} if step.get("finish") else {}
        return {
            "id": f"resp_{turn}", "object": "response", "created_at": 0, "model": model, "usage": counts,
            "output": [*([said] if step.get("text") else []), *made], "status": "incomplete" if cut else "completed", **cut,
        }  # fmt: skip

    def events(self, step: Step, turn: int, model: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
        """The answer as (name of the event, data)."""
        answer = self.whole(step, turn, model)
        begun = {**answer, "status": "in_progress", "output": []}
        yield "response.created", {"type": "response.created", "response": begun}
        for index, item in enumerate(answer["output"]):
            yield (
                "",
                {
                    "type": "response.output_item.added",
                    "output_index": index,
                    "item": {**item, "status": "in_progress"},
                },
            )
            yield "", {"type": "response.output_item.done", "output_index": index, "item": item}
        end = f"response.{answer['status']}"
        yield end, {"type": end, "response": answer}


Dialect = Chat | Messages | Responses
DIALECTS: Mapping[str, Dialect] = {
    "/chat/completions": Chat(), "/messages": Messages(), "/responses": Responses(),
}  # fmt: skip
"""End of a path -> the dialect spoken there."""
