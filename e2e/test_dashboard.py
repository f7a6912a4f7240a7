"""The dashboard as a person sees it: a real browser on a real proxy that recorded real exchanges (see web/walks.mjs).

Screenshots go to a temporary folder; `LLMTRACE_SCREENSHOTS` names another.
"""

import json
import secrets
import urllib.error
import urllib.request

import pytest

from harness import Proxy, poll

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = [
    '<img src=x onerror="window.pwned=1">',
    "</script><script>window.pwned=1</script>",
    '"><svg onload=window.pwned=1><a href="javascript:window.pwned=1">click</a>',
    "![picture](javascript:window.pwned=1) <iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "\u202etxt.exe\u202c \u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd",
    "Z" + "\u0335\u0322\u0353\u0318" * 40 + "algo",
    "W" * 3000,
    "\x07\x1b[31mred\u2028\u2029\ufeff",
]
# One page of traces and a little of the next.
BULK = 55
MARKUP = "<img src=x onerror=window.pwned=1>"


def post(proxy, path, body, **labels):
    """Sends JSON; returns the trace id of the span it became."""
    headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}
    headers |= {k if k == "traceparent" else f"X-LLMTrace-{k.replace('_', '-')}": v for k, v in labels.items()}
    request = urllib.request.Request(proxy.url + path, json.dumps(body).encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    answer.read()
    return answer.headers["x-llmtrace-trace-id"]


def chat(proxy, text, model="gpt-4o-mini", more=None, **labels):
    body = {"model": model, "messages": [{"role": "user", "content": text}]} | (more or {})
    return post(proxy, "/v1/chat/completions", body, **labels)


def message(proxy, text, model="claude-sonnet-4-5", more=None, **labels):
    body = {"model": model, "max_tokens": 4096, "messages": [{"role": "user", "content": text}]} | (more or {})
    return post(proxy, "/v1/messages", body, **labels)


@pytest.fixture(scope="module")
def recorded(provider, tmp_path_factory):
    """A proxy that recorded a day of a small team."""
    proxy = Proxy(provider.url, tmp_path_factory.mktemp("dashboard"))
    sent = 0
    for turn, question in enumerate(["How do I reset my password?", "And if the mail never comes?", "Thanks!"]):
        chat(proxy, question, "gpt-4o", session_id="session-1", agent_id="support-bot", user_id=f"user-{turn}", tags="demo")
        message(proxy, question, session_id="session-2", agent_id="research", more={"stream": True})
        chat(proxy, question, "gpt-4o+error-429", agent_id="support-bot")
        sent += 3
    chat(proxy, "a zephyr is a gentle wind", session_id="search-me")
    for _ in range(BULK):
        chat(proxy, "again", agent_id="bulk")
    yield proxy, sent + 1 + BULK
    assert proxy.stop() == 0


def agent_run(proxy) -> tuple[str, int, list]:
    """One trace in which an agent asks, calls a tool, looks at a picture, thinks, is refused and fails."""
    trace, root = secrets.token_hex(16), secrets.token_hex(8)
    labels = {"traceparent": f"00-{trace}-{root}-01", "agent_id": "travel", "session_id": "trip"}
    question = {"role": "user", "content": "Is it raining in Lisbon?"}
    chat(proxy, "", "gpt-4o", {"messages": [{"role": "system", "content": "You plan trips."}, question], "tools": TOOLS, "temperature": 0.2}, **labels)
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Lisbon"}'}}
    turns = [question, {"role": "assistant", "content": None, "tool_calls": [call]}]
    turns += [{"role": "tool", "tool_call_id": "call_1", "content": '{"sky":"clear"}'}]
    chat(proxy, "", "gpt-4o-mini", {"messages": turns, "tools": TOOLS, "stream": True}, **labels)
    seen = [{"type": "text", "text": "What is on it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}}]
    seen += [{"type": "image_url", "image_url": {"url": "https://example.com/lisbon.png"}}]
    chat(proxy, "", "o4-mini", {"messages": [{"role": "user", "content": seen}]}, **labels)
    message(proxy, "Think about it", more={"thinking": {"type": "enabled", "budget_tokens": 1024}, "stream": True}, **labels)
    chat(proxy, "Something bad", "gpt-4.1+refusal", **labels)
    chat(proxy, "Too much", "gpt-4.1-mini+error-429", **labels)
    expected = [
        ["gpt-4o$|gpt-4o ", ["You plan trips.", "Is it raining in Lisbon?", "calls weather", "temperature", "tool_calls"]],
        ["gpt-4o-mini", ["tool answers", '{"sky":"clear"}', "You said:"]],
        ["o4-mini", ["image/png", "not kept", "https://example.com/lisbon.png", "Reasoning"]],
        ["claude-sonnet-4-5", ["reasoning", "so I repeat what was said", "First token"]],
        ["gpt-4.1 ", ["refusal", "Something bad"]],
        ["gpt-4.1-mini", ["429", "Too much"]],
    ]
    return trace, 6, expected


def test_the_first_request_turns_the_first_page_into_the_overview(walk, provider, tmp_path):
    proxy = Proxy(provider.url, tmp_path)
    walk("first_run", proxy)
    assert proxy.stop() == 0


def test_the_overview_shows_what_was_recorded(walk, recorded):
    proxy, sent = recorded
    poll("the spans", lambda: len(proxy.spans()) >= sent)
    walk("overview", proxy, requests=len(proxy.spans()))


def test_traces_are_filtered_searched_and_opened_by_keyboard(walk, recorded):
    proxy, sent = recorded
    poll("the spans", lambda: len(proxy.spans()) >= sent)
    walk("traces", proxy, bulk=BULK)


def test_a_trace_shows_everything_that_was_said_and_what_it_cost(walk, recorded):
    proxy, _ = recorded
    trace, spans, expected = agent_run(proxy)
    poll("the trace", lambda: len(proxy.spans(trace_id=trace)) == spans)
    walk("trace", proxy, trace=trace, spans=spans, expected=expected)


def test_hostile_text_stays_text(walk, recorded):
    proxy, _ = recorded
    tools = [{"type": "function", "function": {"name": "weather", "description": MARKUP, "parameters": {}}}]
    more = {"messages": [{"role": "user", "content": text} for text in HOSTILE], "tools": tools}
    labels = {"agent_id": "hostile", "session_id": MARKUP, "user_id": MARKUP, "tags": MARKUP, "environment": MARKUP, "release": MARKUP}
    trace = chat(proxy, "", MARKUP, more, **labels)
    poll("the trace", lambda: proxy.spans(trace_id=trace))
    walk("hostile", proxy, trace=trace, texts=[*HOSTILE, MARKUP])


def test_the_live_tail_shows_what_is_being_sent(walk, recorded):
    walk("live", recorded[0])
