"""When the provider fails, the client sees exactly that failure, and the span says it."""

import anthropic
import openai
import pytest

from harness import plain

USER = [{"role": "user", "content": "Hello"}]


def caught(call):
    """The exception as data: class, status, body, message, and the headers clients act on."""
    try:
        call()
    except (openai.APIStatusError, anthropic.APIStatusError) as e:
        kept = {n: e.response.headers.get(n) for n in ("retry-after", "retry-after-ms", "content-type")}
        return [type(e).__name__, e.status_code, e.body, str(e), kept]
    raise AssertionError("the call did not fail")


def chat(side, headers, **request):
    return side.openai.chat.completions.create(**{"messages": USER} | request, extra_headers=headers)


def message(side, headers, **request):
    return side.anthropic.messages.create(**{"messages": USER, "max_tokens": 99} | request, extra_headers=headers)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("call, vendor", [(chat, "openai"), (message, "anthropic")])
@pytest.mark.parametrize("streamed", [False, True])
def test_http_errors_are_the_same_exception(both, call, vendor, status, streamed):
    model = f"error-{status}"
    pair = both(lambda side, headers: caught(lambda: call(side, headers, model=model, stream=streamed))).same()
    assert pair.proxied[1] == status
    span = pair.span(provider=vendor, status="error", http_status=status, request_model=model)
    assert span["error"]["kind"] and "on purpose" in span["error"]["message"]
    assert span["usage"] is None or span["usage"]["total"] == 0


def test_a_bad_request_is_refused_by_the_provider_not_by_us(both):
    call = lambda side, headers: caught(lambda: chat(side, headers, model="gpt-4o", messages=[]))
    pair = both(call).same().same_request()
    assert pair.proxied[1] == 400
    pair.span(status="error", http_status=400)


def in_stream(call, **request):
    """What a stream that breaks off gave before it did, and how it broke."""
    seen = []
    try:
        for event in call(stream=True, **request):
            seen.append(plain(event))
    except Exception as e:  # noqa: BLE001 - which class it is, is what is compared
        return [seen, type(e).__name__]
    return [seen, None]


@pytest.mark.parametrize("call, model", [(chat, "gpt-4o-mini"), (message, "claude-sonnet-4-5")])
def test_an_error_inside_a_stream_fails_the_span(both, call, model):
    run = lambda side, headers: in_stream(lambda **r: call(side, headers, **r), model=model + "+error-in-stream")
    pair = both(run).same()
    assert pair.proxied[1] is not None
    span = pair.span(status="error", end_reason="upstream_failed")
    assert span["error"]["kind"] in ("server_error", "overloaded_error")


@pytest.mark.parametrize("call, model", [(chat, "gpt-4o-mini"), (message, "claude-sonnet-4-5")])
def test_a_reset_inside_a_stream_reaches_the_client(both, call, model):
    run = lambda side, headers: in_stream(lambda **r: call(side, headers, **r), model=model + "+reset-mid-stream")
    pair = both(run)
    # How many whole events a reset leaves readable is the kernel's affair; that it broke is ours.
    assert pair.direct[1] is not None and pair.proxied[1] is not None
    assert all(one == two for one, two in zip(pair.direct[0], pair.proxied[0]))
    pair.span(status="error", end_reason="upstream_failed")


@pytest.mark.parametrize("effect", ["garbage", "truncated-frame"])
@pytest.mark.parametrize("call, model", [(chat, "gpt-4o-mini"), (message, "claude-sonnet-4-5")])
def test_broken_frames_break_the_client_the_same_way_and_nothing_of_ours(both, call, model, effect):
    run = lambda side, headers: in_stream(lambda **r: call(side, headers, **r), model=f"{model}+{effect}")
    pair = both(run).same()
    assert pair.proxy.span(session_id=pair.mark)["stream"] is True
    assert pair.proxy.process.poll() is None


def test_an_upstream_that_is_down_is_a_502_in_the_clients_dialect(provider, tmp_path):
    from conftest import Side
    from harness import Proxy, free_port, marked, new_mark

    proxy = Proxy(f"http://127.0.0.1:{free_port()}", tmp_path)
    try:
        side, marks = Side(proxy.url), [new_mark(), new_mark()]
        with pytest.raises(openai.InternalServerError) as failed:
            chat(side, marked(marks[0]), model="gpt-4o")
        assert failed.value.status_code == 502 and failed.value.body["message"]
        with pytest.raises(anthropic.InternalServerError) as failed:
            message(side, marked(marks[1]), model="claude-sonnet-4-5")
        assert failed.value.status_code == 502 and failed.value.body["type"] == "error"
        for mark in marks:
            span = proxy.span(session_id=mark)
            assert (span["status"], span["http_status"], span["end_reason"]) == ("error", 502, "upstream_failed")
    finally:
        proxy.stop()
