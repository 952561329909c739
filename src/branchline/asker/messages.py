"""The Anthropic Messages API: the answer is the input of a tool, the fixed part of the question is kept by them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from branchline.asker.talk import CONNECT, MAX_TOKENS, Question, Reply, Send, Turn, Usage, failure, spoken
from branchline.asker.wire import body_of, refused, text_of, without
from branchline.schema import Shape
from branchline.workers import stream

URL: Final = "https://api.anthropic.com"
_COUNTS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}


def sender(key: str, token: str, url: str, model: str, timeout: float) -> Send:
    """What sends one request; `timeout` in seconds, retries are the asker's."""

    def send(question: Question, shape: Shape, turns: Sequence[Turn]) -> Reply:
        import anthropic  # 2 s: only who asks pays for it
        import httpx

        patience = anthropic.Timeout(timeout, connect=min(timeout, CONNECT))
        client = anthropic.Anthropic(
            api_key=key or None, auth_token=token or None, base_url=url, timeout=patience, max_retries=0
        )
        try:
            asked = client.messages.with_streaming_response.create(**_request(question, shape, turns, model))
            with client, asked as answer:
                return _reply(body_of(text_of(answer.iter_bytes(), timeout), (key, token)))
        except (anthropic.APITimeoutError, httpx.TimeoutException):
            raise failure("timeout", f"it did not answer within {timeout:g} s") from None
        except anthropic.APIStatusError as error:
            raise refused(error.response, error.response.text, (key, token)) from None
        except (
            anthropic.AnthropicError,
            httpx.HTTPError,
        ) as error:  # of the answer's parts the SDK leaves them as they are
            said = error.__cause__ or error
            raise failure("network", f"it cannot be reached: {without((key, token), str(said))}") from None

    return send


def _request(question: Question, shape: Shape, turns: Sequence[Turn], model: str) -> dict[str, Any]:
    fixed = f"{question.fixed}\n\nAnswer by calling the tool `{shape.name}`, once, and with nothing else."
    return {
        "model": model,
        "max_tokens": MAX_TOKENS,
        "system": [{"type": "text", "text": fixed, "cache_control": {"type": "ephemeral"}}],
        "messages": spoken(question, turns),
        "tools": [{"name": shape.name, "description": shape.about, "input_schema": shape.schema}],
        "tool_choice": {"type": "auto"},  # models that think refuse to be forced; an answer in words is read too
    }


def _reply(body: Any) -> Reply:
    message = stream.mapping(body)
    parts = stream.items(message.get("content"))
    used = Usage(**stream.count(stream.mapping(message.get("usage")), _COUNTS))
    if message.get("stop_reason") == "refusal":
        raise failure("refused", "it refused to answer", used=used)
    if message.get("stop_reason") == "max_tokens":
        raise failure("truncated", f"its answer was cut off after {used.output} tokens", used=used)
    tools = [part.get("input") for part in parts if part.get("type") == "tool_use"]
    said = "\n".join(stream.text(part.get("text")) for part in parts)
    return Reply(json.dumps(tools[0], ensure_ascii=False) if tools else said, used)
