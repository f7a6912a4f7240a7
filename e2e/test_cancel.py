"""Clients that hang up inside a stream: the provider is let go, and the span says `client_gone`."""

import asyncio

import pytest

from harness import marked, new_mark, poll

USER = [{"role": "user", "content": "one two three four five six seven eight"}]
SLOW = {"x-fake-chunks": "2000", "x-fake-delay-ms": "20"}


def chat(side, headers):
    return side.openai.chat.completions.create(model="gpt-4o-mini", messages=USER, stream=True, extra_headers=headers)


def message(side, headers):
    return side.anthropic.messages.create(
        model="claude-sonnet-4-5", max_tokens=9999, messages=USER, stream=True, extra_headers=headers
    )


@pytest.mark.parametrize("call", [chat, message])
def test_a_closed_stream_is_recorded_as_client_gone_and_cancelled_upstream(proxied, proxy, provider, call):
    mark = new_mark()
    stream = call(proxied, marked(mark) | SLOW)
    for _ in range(4):
        next(iter(stream))
    stream.close()
    left = poll("the provider to be let go", lambda: [r for r in provider.received(mark) if r["closed_early"]])
    assert len(left) == 1
    span = proxy.span(session_id=mark)
    assert (span["end_reason"], span["http_status"], span["stream"]) == ("client_gone", 200, True)
    assert "chunk 0" in str(span["output_messages"])


def test_a_cancelled_task_is_recorded_too(proxied, proxy, provider):
    mark = new_mark()

    async def run():
        async with proxied.anthropic_async() as client:

            async def read():
                stream = await client.messages.create(
                    model="claude-sonnet-4-5", max_tokens=9999, messages=USER, stream=True,
                    extra_headers=marked(mark) | SLOW,
                )
                async for event in stream:
                    if event.type == "content_block_delta":
                        started.set()

            started = asyncio.Event()
            task = asyncio.create_task(read())
            await asyncio.wait_for(started.wait(), 10)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    poll("the provider to be let go", lambda: [r for r in provider.received(mark) if r["closed_early"]])
    span = proxy.span(session_id=mark)
    assert (span["end_reason"], span["stream"]) == ("client_gone", True)
    # The first event told the input; it is not lost with the rest.
    assert span["usage"]["input"] > 0


def test_hanging_up_at_done_keeps_the_usage(proxied, proxy, provider):
    mark = new_mark()
    stream = chat(proxied, marked(mark))
    for chunk in stream:
        if chunk.choices and chunk.choices[0].finish_reason:
            break
    stream.close()
    span = proxy.span(session_id=mark)
    billed = [line for line in provider.bill() if line["label"] == mark]
    assert span["usage"]["total"] == billed[0]["usage"]["total_tokens"]
    assert span["usage_source"] == "provider"


def test_a_client_that_gives_up_waiting_is_recorded(proxied, proxy, provider):
    import openai

    mark = new_mark()
    with pytest.raises(openai.APITimeoutError):
        proxied.openai.with_options(timeout=0.5).chat.completions.create(
            model="gpt-4o-mini+no-answer", messages=USER, extra_headers=marked(mark)
        )
    poll("the provider to be let go", lambda: [r for r in provider.received(mark) if r["closed_early"]])
    span = proxy.span(session_id=mark)
    assert span["end_reason"] == "client_gone"
