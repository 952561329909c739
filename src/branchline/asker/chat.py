"""Any endpoint that speaks OpenAI's chat completions, models on the user's own machine among them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from branchline.asker.talk import CONNECT, MAX_TOKENS, Question, Reply, Send, Turn, Usage, failure, spoken
from branchline.asker.wire import body_of, refused, text_of, without
from branchline.schema import Shape
from branchline.workers import stream

URL: Final = "https://api.openai.com/v1"


def sender(key: str, url: str, model: str, timeout: float) -> Send:
    """What sends one request; `timeout` in seconds, retries are the asker's."""

    def send(question: Question, shape: Shape, turns: Sequence[Turn]) -> Reply:
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            # The models of today refuse the old name of the limit, servers of one's own know no other.
            limit = "max_completion_tokens" if url == URL else "max_tokens"
            asked = _request(question, shape, turns) | {"model": model, limit: MAX_TOKENS}
            patience = httpx.Timeout(timeout, connect=min(timeout, CONNECT))
            place = f"{url.rstrip('/')}/chat/completions"
            with httpx.stream("POST", place, json=asked, headers=headers, timeout=patience) as answer:
                text = text_of(answer.iter_bytes(), timeout)
        except httpx.TimeoutException:
            raise failure("timeout", f"it did not answer within {timeout:g} s") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:  # asked again it would be no better
            words = f"its address (decompose.base_url, OPENAI_BASE_URL) is none: {without((key,), str(error))}"
            raise failure("http", words) from None
        except httpx.HTTPError as error:
            raise failure("network", f"it cannot be reached: {without((key,), str(error))}") from None
        if not answer.is_success:
            raise refused(answer, text, (key,))
        return _reply(body_of(text, (key,)))

    return send


def _request(question: Question, shape: Shape, turns: Sequence[Turn]) -> dict[str, Any]:
    # Servers that know no `response_format` pass over it: the schema stands in words too.
    how = f"Answer with one JSON object of this schema and nothing else:\n{json.dumps(shape.schema)}"
    first = {"role": "system", "content": f"{question.fixed}\n\n{how}"}
    form = {"name": shape.name, "description": shape.about, "schema": shape.schema}
    return {
        "messages": [first, *spoken(question, turns)],
        "response_format": {"type": "json_schema", "json_schema": form},
    }


def _reply(body: Any) -> Reply:
    answer = stream.mapping(body)
    choice = next(iter(stream.items(answer.get("choices"))), {})
    message, reason = stream.mapping(choice.get("message")), choice.get("finish_reason")
    used = _used(stream.mapping(answer.get("usage")))
    if message.get("refusal") or reason == "content_filter":
        raise failure("refused", "it refused to answer", used=used)
    if reason == "length":
        raise failure("truncated", f"its answer was cut off after {used.output} tokens", used=used)
    calls = [stream.mapping(call.get("function")) for call in stream.items(message.get("tool_calls"))]
    said = stream.text(calls[0].get("arguments")) if calls else stream.text(message.get("content"))
    return Reply(said, used)


def _used(usage: Mapping[str, Any]) -> Usage:
    """The usage of an answer; theirs counts a token taken from the cache as input as well."""
    counted = stream.count(usage, {"input": "prompt_tokens", "output": "completion_tokens"})
    cached = stream.count(stream.mapping(usage.get("prompt_tokens_details")), {"cache_read": "cached_tokens"})
    kept = min(cached["cache_read"], counted["input"])
    return Usage(input=counted["input"] - kept, output=counted["output"], cache_read=kept)
