"""What a policy hides while an exchange passes, by official clients: the provider never gets it, the client gets it back, and nobody
finds it in what is stored. The fake provider says again what it is told."""

import json
import uuid

import anthropic
import openai
import pytest

from harness import Proxy

EMAIL = "jane.roe@mail.example.org"
CARD = "4012 8888 8888 1881"
# A busy machine is not what this is about.
REDACT = {
    "LLMTRACE_GUARD__RULES": json.dumps([{"kinds": ["pii", "secret"], "action": "redact"}]),
    "LLMTRACE_GUARD__TIMEOUT_MS": "10000",
}
ECHO = f"Say this again: write to {EMAIL} about card {CARD} today."


@pytest.fixture(scope="module")
def redacting(provider, tmp_path_factory):
    proxy = Proxy(provider.url, tmp_path_factory.mktemp("redact"), env=REDACT)
    yield proxy
    assert proxy.stop() == 0, f"the proxy did not end well: {proxy.said()}"


@pytest.fixture(scope="module")
def holding(provider, tmp_path_factory):
    rules = json.dumps([{"kinds": ["pii", "secret"], "channels": ["output"], "action": "redact"}])
    env = REDACT | {"LLMTRACE_GUARD__ANSWERS": "hold", "LLMTRACE_GUARD__RULES": rules}
    proxy = Proxy(provider.url, tmp_path_factory.mktemp("hold"), env=env)
    yield proxy
    assert proxy.stop() == 0, f"the proxy did not end well: {proxy.said()}"


def chat(proxy, stream, headers):
    client = openai.OpenAI(base_url=proxy.url + "/v1", api_key="not-a-key", max_retries=0)
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": ECHO}], "extra_headers": headers}
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message.content
    chunks = client.chat.completions.create(stream=True, **asked)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def responses(proxy, stream, headers):
    client = openai.OpenAI(base_url=proxy.url + "/v1", api_key="not-a-key", max_retries=0)
    asked = {"model": "gpt-4o", "input": ECHO, "extra_headers": headers}
    if not stream:
        return client.responses.create(**asked).output_text
    with client.responses.stream(**asked) as events:
        said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert events.get_final_response().output_text == said, "what is repeated at the end is what came in pieces"
        return said


def message(proxy, stream, headers):
    client = anthropic.Anthropic(base_url=proxy.url, api_key="not-a-key", max_retries=0)
    messages = [{"role": "user", "content": ECHO}]
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": messages, "extra_headers": headers}
    if not stream:
        return client.messages.create(**asked).content[0].text
    with client.messages.stream(**asked) as events:
        said = "".join(events.text_stream)
        assert events.get_final_message().content[0].text == said
        return said


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ask", [chat, responses, message])
def test_what_is_hidden_of_a_request_comes_back_to_the_client_and_is_stored_nowhere(redacting, ask, stream):
    session = uuid.uuid4().hex
    said = ask(redacting, stream, {"X-LLMTrace-Session-ID": session})
    assert EMAIL in said and CARD in said, "the client gets its own back"
    span = redacting.span(session_id=session)
    stored = json.dumps(span)
    assert EMAIL not in stored and CARD not in stored
    assert "[EMAIL:" in stored and "[EMAIL_1]" in stored, "what was sent on had a placeholder"
    assert span["end_reason"] == "complete" and span["usage"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ask", [chat, responses, message])
def test_what_the_policy_hides_of_an_answer_does_not_reach_the_client(holding, ask, stream):
    session = uuid.uuid4().hex
    said = ask(holding, stream, {"X-LLMTrace-Session-ID": session})
    assert "[EMAIL]" in said and "[CREDIT_CARD]" in said and "today" in said
    assert EMAIL not in said and CARD not in said
    assert holding.span(session_id=session)["end_reason"] == "complete"
