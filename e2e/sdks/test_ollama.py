"""The official `ollama` package."""

import ollama
import pytest

from sdk import WEATHER, compared, user


def client(side, headers):
    return ollama.Client(host=side.url, headers=headers)


def unstamped(result):
    """Without the times a server measured."""
    return [r.model_dump(exclude={"created_at"}) for r in (result if isinstance(result, list) else [result])]


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat(both, stream):
    def call(side, headers):
        answer = client(side, headers).chat(model="llama3.2", messages=user(), stream=stream, options={"temperature": 0})
        return unstamped(list(answer) if stream else answer)

    said, [span] = compared(both, call, "ollama_chat", stream=stream, request_model="llama3.2", provider="ollama")
    assert "".join(part["message"]["content"] for part in said) == "You said: Hello, proxy"
    assert span["cost_usd"] is None


def test_a_tool_call_and_thinking(both):
    def call(side, headers):
        tools = [{"type": "function", "function": WEATHER}]
        return unstamped(client(side, headers).chat(model="llama3.2", messages=user(), tools=tools, think=True))

    [said], _ = compared(both, call, "ollama_chat")
    assert said["message"]["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": {"city": "Paris"}}
    assert said["message"]["thinking"] == "It repeats."


@pytest.mark.parametrize("stream", [False, True])
def test_generate(both, stream):
    def call(side, headers):
        answer = client(side, headers).generate(model="llama3.2", prompt="Hello, proxy", stream=stream)
        return unstamped(list(answer) if stream else answer)

    compared(both, call, "ollama_generate", stream=stream)


def test_embeddings(both):
    compared(
        both, lambda side, headers: unstamped(client(side, headers).embed(model="all-minilm", input=["a", "b"])), "ollama_embed"
    )


def test_an_error_is_the_same_and_recorded(both):
    def call(side, headers):
        with pytest.raises(ollama.ResponseError) as raised:
            client(side, headers).chat(model="error-404", messages=user())
        return [raised.value.status_code, raised.value.error]

    pair = both(call)
    assert pair.proxied == pair.direct
    span = pair.proxy.span(session_id=pair.mark)
    assert (span["status"], span["http_status"], span["error"]["message"]) == ("error", 404, pair.direct[1])
