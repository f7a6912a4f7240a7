"""The official `cohere` package, client version 2."""

import cohere
import pytest

from sdk import WEATHER, compared, user


def client(side):
    return cohere.ClientV2(api_key="e2e-0000", base_url=side.url, timeout=20)


def options(headers):
    return {"additional_headers": headers, "max_retries": 0}


def unnamed(answer):
    """Without the answer's own id."""
    return {k: v for k, v in answer.model_dump().items() if k != "id"}


def test_a_chat(both):
    def call(side, headers):
        model = "command-a-03-2025"
        return unnamed(client(side).chat(model=model, messages=user(), temperature=0.3, request_options=options(headers)))

    said, _ = compared(both, call, "cohere_chat", request_model="command-a-03-2025", provider="cohere")
    assert said["message"]["content"][0]["text"] == "You said: Hello, proxy"


def test_a_stream(both):
    def call(side, headers):
        model = "command-a-03-2025"
        return [unnamed(e) for e in client(side).chat_stream(model=model, messages=user(), request_options=options(headers))]

    compared(both, call, "cohere_chat", stream=True)


def test_a_tool_call(both):
    def call(side, headers):
        tools = [{"type": "function", "function": WEATHER}]
        model = "command-a-03-2025"
        return unnamed(client(side).chat(model=model, messages=user(), tools=tools, request_options=options(headers)))

    said, _ = compared(both, call, "cohere_chat", finish_reasons=["TOOL_CALL"])
    assert said["message"]["tool_calls"][0]["function"]["name"] == "get_weather"


def test_embed_and_rerank(both):
    def embed(side, headers):
        answer = client(side).embed(
            model="embed-v4.0",
            texts=["a", "b"],
            input_type="search_document",
            embedding_types=["float"],
            request_options=options(headers),
        )
        return unnamed(answer)

    def rerank(side, headers):
        return unnamed(
            client(side).rerank(model="rerank-v3.5", query="q", documents=["a", "b"], request_options=options(headers))
        )

    compared(both, embed, "cohere_embed")
    _, [span] = compared(both, rerank, "cohere_rerank")
    assert (span["units"], span["cost_usd"]) == ({"rerank_searches": 1}, "0.002")


def test_an_error_is_the_same_and_recorded(both):
    def call(side, headers):
        with pytest.raises(cohere.errors.TooManyRequestsError) as raised:
            client(side).chat(model="error-429", messages=user(), request_options=options(headers))
        return str(raised.value.body)

    pair = both(call)
    assert pair.proxied == pair.direct
    assert pair.proxy.span(session_id=pair.mark)["http_status"] == 429
