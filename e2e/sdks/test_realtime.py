"""Realtime sessions through the official clients, the compression of `websockets`, and `kill -9` inside a session."""

import asyncio
import json

from google import genai
from google.genai import types
from websockets.sync.client import connect

from harness import Proxy, get, marked, new_mark, poll


def ws(url: str) -> str:
    return "ws" + url.removeprefix("http")


def billed(provider, mark):
    return [line for line in provider.bill() if line["label"] == mark]


def session_and_turns(proxy, mark, count):
    """The session's span and its turns, in the order in which they began."""
    spans = poll(f"{count} spans", lambda: (s := proxy.spans(session_id=mark)) and len(s) >= count and s)
    assert len(spans) == count, spans
    [session] = [span for span in spans if span["parent_span_id"] is None]
    turns = sorted((span for span in spans if span is not session), key=lambda span: span["started_at"])
    assert {turn["parent_span_id"] for turn in turns} == {session["span_id"]}
    return session, turns


def test_openais_client_talks_in_turns(proxy, proxied, direct, provider):
    def talk(side, mark):
        heard = []
        with side.openai.realtime.connect(model="gpt-realtime", extra_headers=marked(mark)) as connection:
            connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
            for text in ["Hello, proxy", "And again"]:
                content = [{"type": "input_text", "text": text}]
                connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
                connection.response.create()
                for event in connection:
                    assert event.type != "error", event
                    if event.type == "response.output_text.delta":
                        heard.append(event.delta)
                    if event.type == "response.done":
                        heard.append(event.response.usage.total_tokens)
                        break
        return heard

    mark = new_mark()
    assert talk(proxied, mark) == talk(direct, new_mark())
    session, turns = session_and_turns(proxy, mark, 3)
    assert (session["end_reason"], session["http_status"], session["usage"]) == ("complete", 101, None)
    bill = billed(provider, mark)
    assert [turn["usage"]["total"] for turn in turns] == [line["usage"]["total_tokens"] for line in bill]
    assert all(turn["response_model"] == "gpt-realtime" and float(turn["cost_usd"]) > 0 for turn in turns)
    assert all(0 < turn["time_to_first_token_ms"] <= turn["duration_ms"] for turn in turns)
    assert all(turn["tenant_id"] == session["tenant_id"] and turn["dialect"] == "openai_realtime" for turn in turns)


def test_googles_client_talks_live(proxy, proxied, provider):
    mark = new_mark()

    async def talk():
        options = types.HttpOptions(base_url=proxied.url, headers=marked(mark))
        client = genai.Client(api_key="e2e-0000", http_options=options)
        # It would speak TLS whatever the base URL says.
        client._api_client._websocket_base_url = lambda *_: ws(proxied.url)
        client._api_client._websocket_ssl_ctx = {}
        config = {"response_modalities": ["TEXT"], "system_instruction": "Be brief."}
        async with client.aio.live.connect(model="gemini-live-2.5-flash", config=config) as session:
            await session.send_client_content(turns={"role": "user", "parts": [{"text": "Hello, proxy"}]})
            return "".join([message.text or "" async for message in session.receive()])

    assert asyncio.run(talk()) == "You said: Hello, proxy"
    session, [turn] = session_and_turns(proxy, mark, 2)
    assert (session["dialect"], turn["request_model"]) == ("gemini_live", "gemini-live-2.5-flash")
    assert turn["usage"]["total"] == billed(provider, mark)[0]["usage"]["totalTokenCount"]
    assert float(turn["cost_usd"]) > 0


def say(socket, text):
    content = [{"type": "input_text", "text": text}]
    socket.send(json.dumps({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}))
    socket.send(json.dumps({"type": "response.create"}))


def hear_until(socket, kind):
    while True:
        event = json.loads(socket.recv(timeout=15))
        if event["type"] == kind:
            return event


def test_compressed_messages_are_read(proxy, provider):
    mark = new_mark()
    with connect(f"{ws(proxy.url)}/v1/realtime?model=gpt-realtime", additional_headers=marked(mark)) as socket:
        assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
        for text in ["the same words", "the same words again"]:
            say(socket, text)
            hear_until(socket, "response.done")
    _, turns = session_and_turns(proxy, mark, 3)
    assert [turn["usage"]["total"] for turn in turns] == [line["usage"]["total_tokens"] for line in billed(provider, mark)]
    for turn, text in zip(turns, ["the same words", "the same words again"]):
        whole = get(f"{proxy.url}/api/v1/spans/{turn['span_id']}")
        assert {whole["coverage"][side]["seen"] for side in ("request", "response")} == {"whole"}
        assert f"You said: {text}" in str(whole["output_messages"])


def test_a_key_in_the_protocol_goes_upstream_and_into_no_record(proxy, provider):
    mark, key = new_mark(), "openai-insecure-api-key.e2e-4711-key-of-a-browser"
    target = f"{ws(proxy.url)}/v1/realtime?model=gpt-realtime"
    with connect(target, subprotocols=["realtime", key], additional_headers=marked(mark)) as socket:
        assert socket.subprotocol == "realtime"
        say(socket, "hi")
        hear_until(socket, "response.done")
    session_and_turns(proxy, mark, 2)
    [received] = provider.received(mark)
    assert any(name.lower() == "sec-websocket-protocol" and key in value for name, value in received["headers"])
    for path in proxy.folder.rglob("*"):
        assert not path.is_file() or b"4711-key-of-a-browser" not in path.read_bytes(), path


def test_kill_9_keeps_the_turns_that_ended(provider, tmp_path):
    mark = new_mark()
    proxy = Proxy(provider.url, tmp_path)
    with connect(f"{ws(proxy.url)}/v1/realtime?model=gpt-realtime", additional_headers=marked(mark)) as socket:
        say(socket, "before")
        hear_until(socket, "response.done")
        session_and_first = poll("the first turn", lambda: len(proxy.spans(session_id=mark)) == 1)
        assert session_and_first
        socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        hear_until(socket, "session.updated")
        proxy.kill()
    again = Proxy(provider.url, tmp_path, port=proxy.port)
    try:
        session, [turn] = session_and_turns(again, mark, 2)
        assert session["end_reason"] == "interrupted"
        assert (turn["end_reason"], turn["usage"]["total"]) == ("complete", billed(provider, mark)[0]["usage"]["total_tokens"])
    finally:
        assert again.stop() == 0
