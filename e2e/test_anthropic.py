"""The official `anthropic` package: the same results through the proxy as directly, and a right span for each."""

import asyncio

import pytest

from harness import anthropic_usage
from test_openai import PIXEL, text_of

MODEL = "claude-sonnet-4-5"
WEATHER = {
    "name": "get_weather",
    "description": "The weather at a place",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
THINK = {"type": "enabled", "budget_tokens": 1024}


def ask(text="Hello, proxy", **more):
    return {"model": MODEL, "max_tokens": 2048, "messages": [{"role": "user", "content": text}]} | more


def final(side, headers, **more):
    """A stream as its raw events and as the message they add up to."""
    with side.anthropic.messages.stream(**ask(**more), extra_headers=headers) as events:
        return [list(events), events.get_final_message()]


def test_a_message_is_the_same_and_recorded(both):
    pair = both(
        lambda side, headers: side.anthropic.messages.create(
            **ask(system="Be brief.", metadata={"user_id": "u-23"}, stop_sequences=["END"]), extra_headers=headers
        )
    )
    answer = pair.same().same_request().proxied
    span = pair.span(provider="anthropic", dialect="anthropic_messages", operation="chat", request_model=MODEL)
    pair.priced(span, MODEL, anthropic_usage(answer.usage.model_dump()))
    assert (span["response_model"], span["response_id"], span["user_id"]) == (MODEL, answer.id, "u-23")
    assert span["finish_reasons"] == ["end_turn"]
    assert span["system_instructions"] == [{"type": "text", "content": "Be brief."}]
    assert text_of(span["input_messages"][0]) == "Hello, proxy"
    assert text_of(span["output_messages"][0]) == answer.content[0].text
    assert span["params"]["max_tokens"] == 2048
    assert span["rate_limits"]["anthropic-ratelimit-requests-remaining"] == "3999"
    assert span["provider_request_id"].startswith("req_")


@pytest.mark.parametrize("effect", ["", "+crlf", "+comments", "+one-byte-chunks", "+gzip"])
def test_a_stream_is_the_same_event_by_event(both, effect):
    pair = both(lambda side, headers: final(side, headers, model=MODEL + effect)).same().same_request()
    message = pair.proxied[1]
    span = pair.span(provider="anthropic", dialect="anthropic_messages", stream=True, response_id=message.id)
    pair.priced(span, MODEL, anthropic_usage(message.usage.model_dump()))
    assert text_of(span["output_messages"][0]) == message.content[0].text
    assert 0 < span["time_to_first_token_ms"] <= span["duration_ms"]


def test_the_async_client_streams_the_same(both):
    async def run(side, headers):
        async with side.anthropic_async() as client:
            stream = await client.messages.create(**ask(), stream=True, extra_headers=headers)
            return [event async for event in stream]

    pair = both(lambda side, headers: asyncio.run(run(side, headers))).same().same_request()
    assert pair.span(stream=True)["usage_source"] == "provider"


@pytest.mark.parametrize("streamed", [False, True])
def test_thinking_keeps_its_signature_and_is_recorded(both, streamed):
    def run(side, headers):
        if streamed:
            return final(side, headers, thinking=THINK)[1]
        return side.anthropic.messages.create(**ask(thinking=THINK), extra_headers=headers)

    pair = both(run).same().same_request()
    thought, text = pair.proxied.content
    assert thought.signature
    parts = pair.span(stream=streamed)["output_messages"][0]["parts"]
    assert parts[0] == {"type": "reasoning", "content": thought.thinking}
    assert parts[1] == {"type": "text", "content": text.text}


@pytest.mark.parametrize("streamed", [False, True])
def test_tool_use_and_its_result_are_recorded(both, streamed):
    def run(side, headers):
        if streamed:
            return final(side, headers, text="Weather in Paris?", tools=[WEATHER])[1]
        return side.anthropic.messages.create(**ask("Weather in Paris?", tools=[WEATHER]), extra_headers=headers)

    pair = both(run).same()
    call = pair.proxied.content[-1]
    span = pair.span(finish_reasons=["tool_use"])
    [part] = [p for p in span["output_messages"][0]["parts"] if p["type"] == "tool_call"]
    assert (part["id"], part["name"], part["arguments"]) == (call.id, "get_weather", {"city": "Paris"})
    assert span["tool_definitions"] == [WEATHER]

    def answer(side, headers):
        history = [
            {"role": "user", "content": "Weather in Paris?"},
            {"role": "assistant", "content": [block.model_dump() for block in pair.proxied.content]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]},
        ]
        return side.anthropic.messages.create(**ask(messages=history, tools=[WEATHER]), extra_headers=headers)

    span = both(answer).same().span(finish_reasons=["end_turn"])
    [part] = [p for m in span["input_messages"] for p in m["parts"] if p["type"] == "tool_call_response"]
    assert (part["id"], part["result"]) == (call.id, "sunny")


@pytest.mark.parametrize("ttl, bucket", [("5m", "cache_write_5m"), ("1h", "cache_write_1h"), (None, "cache_read")])
def test_cache_tokens_are_in_a_bucket_of_their_own(both, ttl, bucket):
    control = {"type": "ephemeral"} | ({"ttl": ttl} if ttl else {})
    system = [{"type": "text", "text": "Long instructions. " * 50, "cache_control": control}]
    model = MODEL if ttl else MODEL + "+cached"
    pair = both(
        lambda side, headers: side.anthropic.messages.create(**ask(system=system, model=model), extra_headers=headers)
    )
    usage = anthropic_usage(pair.same().same_request().proxied.usage.model_dump())
    assert usage[bucket] > 0
    pair.priced(pair.span(), MODEL, usage)


def test_cache_tokens_of_a_stream_come_from_its_first_event(both):
    control = {"type": "ephemeral", "ttl": "1h"}
    system = [{"type": "text", "text": "Long instructions. " * 50, "cache_control": control}]
    pair = both(lambda side, headers: final(side, headers, system=system)).same()
    usage = anthropic_usage(pair.proxied[1].usage.model_dump())
    assert usage["cache_write_1h"] > 0
    pair.priced(pair.span(), MODEL, usage)


def test_images_are_forwarded_and_named(both):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    pair = both(lambda side, headers: side.anthropic.messages.create(**ask(parts), extra_headers=headers))
    blob, text = pair.same().same_request().span()["input_messages"][0]["parts"]
    assert (blob["type"], blob["modality"], blob["mime_type"]) == ("blob", "image", "image/png")
    assert blob["size_bytes"] == len(PIXEL)
    assert text == {"type": "text", "content": "What is this?"}


def test_counting_tokens_costs_nothing(both):
    pair = both(
        lambda side, headers: side.anthropic.messages.count_tokens(
            model=MODEL, messages=[{"role": "user", "content": "How many?"}], extra_headers=headers
        )
    )
    pair.same().same_request()
    span = pair.span(provider="anthropic", dialect="anthropic_count_tokens")
    assert span["cost_usd"] in (None, "0") and span["usage_source"] != "estimated"


def test_models(both):
    call = lambda side, headers: list(side.anthropic.models.list(extra_headers=headers))
    both(call).same().same_request().span(method="GET", path="/v1/models")


def test_raw_response_headers_come_through_with_ours_added(both):
    call = lambda side, headers: side.anthropic.messages.with_raw_response.create(**ask(), extra_headers=headers)
    pair = both(call)
    names = lambda answer: [n for n, _ in answer.headers.multi_items() if not n.startswith("x-llmtrace-")]
    assert names(pair.proxied) == names(pair.direct)
    span = pair.span()
    assert pair.proxied.headers["x-llmtrace-span-id"] == span["span_id"]
    assert pair.proxied.headers["request-id"] == span["provider_request_id"]
