"""The official `openai` package: the same results through the proxy as directly, and a right span for each."""

import asyncio
import json

import pytest

from harness import openai_usage, plain

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}


def user(text="Hello, proxy"):
    return [{"role": "user", "content": text}]


def text_of(message) -> str:
    return "".join(part.get("content", "") for part in message["parts"] if part["type"] == "text")


@pytest.mark.parametrize("model", ["gpt-4o-mini", "o4-mini", "gpt-4o-mini+gzip", "gpt-4o-mini+one-byte-chunks"])
def test_a_chat_is_the_same_and_recorded(both, model):
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": "Be brief."}, *user()],
            temperature=0.5,
            max_completion_tokens=100,
            user="u-17",
            extra_headers=headers,
        )
    )
    answer = pair.same().same_request().proxied
    span = pair.span(provider="openai", dialect="openai_chat", operation="chat", request_model=model, stream=False)
    pair.priced(span, answer.model, openai_usage(answer.usage.model_dump()))
    assert (span["response_model"], span["response_id"]) == (answer.model, answer.id)
    assert (span["user_id"], span["finish_reasons"]) == ("u-17", ["stop"])
    assert span["params"]["temperature"] == 0.5
    assert [m["role"] for m in span["input_messages"]] == ["system", "user"]
    assert text_of(span["input_messages"][1]) == "Hello, proxy"
    assert text_of(span["output_messages"][0]) == answer.choices[0].message.content
    assert span["rate_limits"]["x-ratelimit-remaining-requests"] == "9999"
    assert span["provider_request_id"].startswith("req_")


def stream(side, headers, **more):
    request = {"model": "gpt-4o-mini", "messages": user("Tell me a long story"), "stream": True} | more
    return list(side.openai.chat.completions.create(**request, extra_headers=headers))


@pytest.mark.parametrize("effect", ["", "+crlf", "+comments", "+one-byte-chunks", "+slow-stream"])
def test_a_stream_without_usage_stays_without_and_is_priced_all_the_same(both, effect):
    pair = both(lambda side, headers: stream(side, headers, model="gpt-4o-mini" + effect)).same()
    pair.same_request(spliced=True)
    assert all(chunk.usage is None for chunk in pair.proxied)
    text = "".join(c.choices[0].delta.content or "" for c in pair.proxied)
    span = pair.span(provider="openai", dialect="openai_chat", stream=True)
    assert text_of(span["output_messages"][0]) == text == "You said: Tell me a long story"
    billed = [line for line in pair.provider.bill() if line["label"] == pair.mark]
    assert len(billed) == 2
    pair.priced(span, "gpt-4o-mini", openai_usage(billed[1]["usage"]))
    assert 0 < span["time_to_first_token_ms"] <= span["duration_ms"]


def test_a_stream_that_asks_for_usage_gets_it(both):
    pair = both(lambda side, headers: stream(side, headers, stream_options={"include_usage": True})).same()
    usage = pair.same_request().proxied[-1].usage
    pair.priced(pair.span(stream=True), "gpt-4o-mini", openai_usage(usage.model_dump()))


def test_a_stream_that_refuses_usage_is_left_alone(both):
    pair = both(lambda side, headers: stream(side, headers, stream_options={"include_usage": False})).same()
    pair.same_request()
    assert pair.span(stream=True)["usage_source"] != "provider"


def test_the_async_client_streams_the_same(both):
    async def run(side, headers):
        request = {"model": "gpt-4o", "messages": user(), "stream": True, "stream_options": {"include_usage": True}}
        async with side.openai_async() as client:
            answer = await client.chat.completions.create(**request, extra_headers=headers)
            return [chunk async for chunk in answer]

    pair = both(lambda side, headers: asyncio.run(run(side, headers))).same().same_request()
    pair.priced(pair.span(stream=True), "gpt-4o", openai_usage(pair.proxied[-1].usage.model_dump()))


@pytest.mark.parametrize("streamed", [False, True])
def test_tool_calls_and_their_results_are_recorded(both, streamed):
    def run(side, headers):
        request = {"model": "gpt-4o", "messages": user("Weather in Paris?"), "tools": [WEATHER]}
        if not streamed:
            return side.openai.chat.completions.create(**request, extra_headers=headers)
        with side.openai.chat.completions.stream(**request, extra_headers=headers) as events:
            return events.get_final_completion()

    pair = both(run).same()
    call = pair.proxied.choices[0].message.tool_calls[0]
    span = pair.span(finish_reasons=["tool_calls"])
    [part] = [p for p in span["output_messages"][0]["parts"] if p["type"] == "tool_call"]
    assert (part["id"], part["name"]) == (call.id, "get_weather")
    assert part["arguments"] == json.loads(call.function.arguments)
    assert span["tool_definitions"] == [WEATHER]

    def answer(side, headers):
        history = [*user("Weather in Paris?"), {"role": "assistant", "tool_calls": [call.model_dump()]}]
        history.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
        return side.openai.chat.completions.create(
            model="gpt-4o", messages=history, tools=[WEATHER], extra_headers=headers
        )

    span = both(answer).same().span(finish_reasons=["stop"])
    [part] = span["input_messages"][2]["parts"]
    assert (part["type"], part["id"], part["result"]) == ("tool_call_response", call.id, "sunny")


def test_vision_parts_are_forwarded_and_named(both):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}},
        {"type": "image_url", "image_url": {"url": "http://127.0.0.1/cat.png"}},
    ]
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": parts}], extra_headers=headers
        )
    )
    pair.same().same_request()
    text, blob, uri = pair.span()["input_messages"][0]["parts"]
    assert text == {"type": "text", "content": "What is this?"}
    assert (blob["type"], blob["modality"], blob["mime_type"]) == ("blob", "image", "image/png")
    assert (uri["type"], uri["uri"]) == ("uri", "http://127.0.0.1/cat.png")


def test_cached_tokens_are_counted_once(both):
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model="gpt-4o+cached", messages=user("x" * 400), extra_headers=headers
        )
    ).same()
    usage = openai_usage(pair.proxied.usage.model_dump())
    assert usage["cache_read"] > 0
    pair.priced(pair.span(), "gpt-4o", usage)


def test_several_choices_are_several_messages(both):
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model="gpt-4o-mini", messages=user(), n=3, extra_headers=headers
        )
    ).same()
    assert len(pair.span(finish_reasons=["stop"] * 3)["output_messages"]) == 3


def test_refusals_are_recorded_as_such(both):
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model="gpt-4o-mini+refusal", messages=user(), extra_headers=headers
        )
    ).same()
    [part] = pair.span()["output_messages"][0]["parts"]
    assert part == {"type": "refusal", "content": pair.proxied.choices[0].message.refusal}


@pytest.mark.parametrize("streamed", [False, True])
def test_completions(both, streamed):
    def run(side, headers):
        request = {"model": "gpt-4o-mini", "prompt": "Once upon a time", "max_tokens": 50, "stream": streamed}
        answer = side.openai.completions.create(**request, extra_headers=headers)
        return list(answer) if streamed else answer

    pair = both(run).same()
    span = pair.span(dialect="openai_completions", stream=streamed)
    assert text_of(span["output_messages"][0]) == "You said: Once upon a time"
    billed = [line for line in pair.provider.bill() if line["label"] == pair.mark]
    pair.priced(span, "gpt-4o-mini", openai_usage(billed[1]["usage"]))


@pytest.mark.parametrize("form", ["float", "base64"])
def test_embeddings(both, form):
    pair = both(
        lambda side, headers: side.openai.embeddings.create(
            model="text-embedding-3-small", input=["one", "two words"], encoding_format=form, extra_headers=headers
        )
    )
    usage = pair.same().same_request().proxied.usage
    span = pair.span(dialect="openai_embeddings", operation="embeddings")
    pair.priced(span, "text-embedding-3-small", openai_usage(usage.model_dump()))


def test_models(both):
    pair = both(lambda side, headers: list(side.openai.models.list(extra_headers=headers)))
    pair.same().same_request().span(provider="openai", method="GET", path="/v1/models", usage=None)
    both(lambda side, headers: side.openai.models.retrieve("gpt-4o", extra_headers=headers)).same().span()


def test_raw_response_headers_come_through_with_ours_added(both):
    pair = both(
        lambda side, headers: side.openai.chat.completions.with_raw_response.create(
            model="gpt-4o-mini", messages=user(), extra_headers=headers
        )
    )
    plain_headers = lambda answer: [(n, v) for n, v in answer.headers.multi_items() if not n.startswith("x-llmtrace-")]
    one, two = plain_headers(pair.direct), plain_headers(pair.proxied)
    assert plain([v for n, v in two]) == plain([v for n, v in one])
    assert [n for n, _ in two] == [n for n, _ in one]
    span = pair.span()
    assert pair.proxied.headers["x-llmtrace-span-id"] == span["span_id"]
    assert pair.proxied.headers["x-llmtrace-trace-id"] == span["trace_id"]
    assert pair.proxied.headers["x-request-id"] == span["provider_request_id"]


def test_labels_land_on_the_span_and_not_at_the_provider(both):
    labels = {
        "X-LLMTrace-Agent-ID": "agent-1",
        "X-LLMTrace-User-ID": "user-1",
        "X-LLMTrace-Tags": "blue, green",
        "X-LLMTrace-Environment": "test",
        "X-LLMTrace-Release": "1.2.3",
    }
    pair = both(
        lambda side, headers: side.openai.chat.completions.create(
            model="gpt-4o-mini",
            messages=user(),
            metadata={"team": "core"},
            extra_headers=headers | labels | {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        )
    ).same()
    span = pair.span(agent_id="agent-1", user_id="user-1", environment="test", release="1.2.3")
    assert {"blue", "green"} <= set(span["tags"]) and "team:core" in span["tags"]
    assert (span["trace_id"], span["parent_span_id"]) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    names = [n.lower() for n, _ in pair.provider.received(pair.mark)[1]["headers"]]
    assert not [n for n in names if n.startswith("x-llmtrace-")] and "traceparent" in names
