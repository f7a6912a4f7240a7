"""Clients that speak OpenAI's and Anthropic's formats in their own ways: Mistral, LiteLLM, LangChain, the Agents SDK."""

import asyncio

import pytest

from harness import plain
from sdk import WEATHER, compared, user

KEY = "sk-e2e-0000"


@pytest.mark.parametrize("stream", [False, True])
def test_mistralai(both, stream):
    from mistralai.client import Mistral

    def call(side, headers):
        chat = Mistral(api_key=KEY, server_url=side.url).chat
        request = {"model": "gpt-4o-mini", "messages": user(), "http_headers": headers}
        if stream:
            return [plain(event.data) for event in chat.stream(**request)]
        return chat.complete(**request)

    compared(both, call, "openai_chat", stream=stream, spliced=stream)


@pytest.mark.parametrize("model, dialect", [("openai/gpt-4o-mini", "openai_chat"), ("anthropic/claude-sonnet-4-5", "anthropic_messages")])
@pytest.mark.parametrize("stream", [False, True])
def test_litellm(both, model, dialect, stream):
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True

    def call(side, headers):
        base = side.url + "/v1" if dialect == "openai_chat" else side.url
        answer = litellm.completion(
            model=model,
            messages=user(),
            api_base=base,
            api_key=KEY,
            stream=stream,
            max_tokens=100,
            stream_options={"include_usage": True} if stream else None,
            extra_headers=headers,
            num_retries=0,
        )
        unnamed = lambda r: {k: v for k, v in r.model_dump().items() if k not in ("id", "created")}
        return [unnamed(chunk) for chunk in answer] if stream else unnamed(answer)

    compared(both, call, dialect, stream=stream)


def test_langchain_openai(both):
    from langchain_openai import ChatOpenAI

    def call(side, headers):
        model = ChatOpenAI(
            model="gpt-4o-mini", base_url=side.url + "/v1", api_key=KEY, max_retries=0, default_headers=headers
        )
        answer = model.bind_tools([{"type": "function", "function": WEATHER}]).invoke("Weather in Paris?")
        return [answer.content, [{k: v for k, v in c.items() if k != "id"} for c in answer.tool_calls], dict(answer.usage_metadata)]

    said, _ = compared(both, call, "openai_chat", finish_reasons=["tool_calls"])
    assert said[1][0]["args"] == {"city": "Paris"}


def test_langchain_anthropic(both):
    from langchain_anthropic import ChatAnthropic

    def call(side, headers):
        model = ChatAnthropic(
            model="claude-sonnet-4-5", base_url=side.url, api_key=KEY, max_retries=0, max_tokens=100, default_headers=headers
        )
        return [chunk.content for chunk in model.stream("Hello, proxy")]

    compared(both, call, "anthropic_messages", stream=True)


def test_the_agents_sdk_on_chat_completions(both):
    """Two exchanges: the model calls a tool, the tool's result goes back."""
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
    from openai import AsyncOpenAI

    set_tracing_disabled(True)

    @function_tool
    def get_weather(city: str) -> str:
        return f"Rain in {city}"

    def call(side, headers):
        async def run():
            client = AsyncOpenAI(base_url=side.url + "/v1", api_key=KEY, max_retries=0, default_headers=headers)
            model = OpenAIChatCompletionsModel(model="gpt-4o-mini", openai_client=client)
            result = await Runner.run(Agent(name="a", model=model, tools=[get_weather]), "Weather in Paris?")
            return result.final_output

        return asyncio.run(run())

    said, spans = compared(both, call, "openai_chat", calls=2)
    assert said.startswith("You said: Weather in Paris?")
    assert [span["finish_reasons"] for span in spans] == [["tool_calls"], ["stop"]]
