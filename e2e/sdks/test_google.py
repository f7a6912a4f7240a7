"""The official `google-genai` package, and LangChain's client on top of it."""

import pytest
from google import genai
from google.genai import errors, types

from sdk import WEATHER, compared

MODEL = "gemini-2.5-flash"
CLIENTS: list[genai.Client] = []


def client(side, headers):
    options = types.HttpOptions(base_url=side.url, headers=headers, retry_options=types.HttpRetryOptions(attempts=1))
    made = genai.Client(api_key="e2e-0000", http_options=options)
    # It closes its connections when nobody holds it.
    CLIENTS.append(made)
    return made


def unnamed(answer):
    """Without what differs between two calls: the answer's id and the head of HTTP."""
    return answer.model_dump(exclude={"response_id", "sdk_http_response", "create_time", "parsed", "automatic_function_calling_history"})


def test_generate_content(both):
    def call(side, headers):
        config = types.GenerateContentConfig(temperature=0.2, max_output_tokens=200, system_instruction="Be brief.")
        return unnamed(client(side, headers).models.generate_content(model=MODEL, contents="Hello, proxy", config=config))

    _, [span] = compared(both, call, "gemini", request_model=MODEL, provider="gcp.gemini", stream=False)
    assert span["params"]["temperature"] == 0.2


def test_a_stream(both):
    def call(side, headers):
        stream = client(side, headers).models.generate_content_stream(model=MODEL, contents="Hello, proxy")
        return [unnamed(chunk) for chunk in stream]

    said, [span] = compared(both, call, "gemini", stream=True)
    assert len(said) > 1 and 0 < span["time_to_first_token_ms"] <= span["duration_ms"]


def test_a_tool_call(both):
    def call(side, headers):
        function = types.FunctionDeclaration(
            name=WEATHER["name"], description=WEATHER["description"], parameters_json_schema=WEATHER["parameters"]
        )
        config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[function])])
        answer = client(side, headers).models.generate_content(model=MODEL, contents="Weather?", config=config)
        return [call.model_dump(exclude={"id"}) for call in answer.function_calls]

    [called], _ = compared(both, call, "gemini")
    assert called["name"] == "get_weather"


def test_count_and_embed(both):
    def count(side, headers):
        return client(side, headers).models.count_tokens(model=MODEL, contents="Hello").model_dump(exclude={"sdk_http_response"})

    pair = both(count)
    assert pair.proxied == pair.direct
    assert pair.proxy.span(session_id=pair.mark)["usage"] is None

    def embed(side, headers):
        answer = client(side, headers).models.embed_content(model="gemini-embedding-001", contents="Hello")
        return answer.model_dump(exclude={"sdk_http_response"})

    pair = both(embed)
    assert pair.proxied == pair.direct
    assert pair.proxy.span(session_id=pair.mark)["dialect"] == "gemini_embeddings"


def test_an_error_is_the_same_and_recorded(both):
    def call(side, headers):
        with pytest.raises(errors.ClientError) as raised:
            client(side, headers).models.generate_content(model="error-429", contents="Hello")
        return [raised.value.code, raised.value.status, raised.value.message]

    pair = both(call)
    assert pair.proxied == pair.direct
    assert pair.proxy.span(session_id=pair.mark)["http_status"] == 429


def test_the_key_in_a_query_is_never_stored(both):
    """Clients may send `?key=`: it reaches the provider, and nothing of ours."""
    import urllib.request

    def call(side, headers):
        body = b'{"contents":[{"parts":[{"text":"Hello"}]}]}'
        url = f"{side.url}/v1beta/models/{MODEL}:generateContent?key=e2e-query-key"
        request = urllib.request.Request(url, body, headers | {"content-type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(request).status

    pair = both(call)
    assert all("key=e2e-query-key" in request["target"] for request in pair.provider.received(pair.mark))
    span = pair.proxy.span(session_id=pair.mark)
    assert "e2e-query-key" not in str(span) and "key=REDACTED" in span["path"]


@pytest.mark.parametrize("stream", [False, True])
def test_langchain(both, stream):
    from langchain_google_genai import ChatGoogleGenerativeAI

    def call(side, headers):
        model = ChatGoogleGenerativeAI(
            model=MODEL, google_api_key="e2e-0000", base_url=side.url, additional_headers=headers, max_retries=1
        )
        if stream:
            return [chunk.content for chunk in model.stream("Hello, proxy")]
        return model.invoke("Hello, proxy").content

    compared(both, call, "gemini", stream=stream)
