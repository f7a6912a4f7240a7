"""Traffic in the shapes of coding agents: Claude Code through `ANTHROPIC_BASE_URL`, Codex through `OPENAI_BASE_URL`.

The requests are synthetic: long cached instructions, many tools, thinking, streams, and state carried by the client, as these
programs are known for. Neither program was recorded, and neither runs here.
"""

import anthropic
import openai

from sdk import WEATHER, compared

KEY = "sk-e2e-0000"
INSTRUCTIONS = "You edit code in a terminal. " * 200


def test_claude_code(both, monkeypatch):
    tools = [
        {"name": name, "description": f"{name} a file", "input_schema": WEATHER["parameters"]}
        for name in ("Read", "Write", "Edit", "Bash", "Grep", "Glob")
    ]
    tools[-1]["cache_control"] = {"type": "ephemeral"}

    def call(side, headers):
        # As the program does: the base URL comes from the environment.
        monkeypatch.setenv("ANTHROPIC_BASE_URL", side.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        client = anthropic.Anthropic(max_retries=0, default_headers={"anthropic-beta": "claude-code-20250219", **headers})
        stream = client.messages.create(
            model="claude-sonnet-4-5",
            max_tokens=2048,
            stream=True,
            system=[
                {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": INSTRUCTIONS, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            ],
            messages=[
                {"role": "user", "content": [{"type": "text", "text": "<reminder>be brief</reminder>"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"city": "a.py"}}]},
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "print(1)", "cache_control": {"type": "ephemeral"}}],
                },
            ],
            tools=tools,
            thinking={"type": "enabled", "budget_tokens": 1024},
            metadata={"user_id": "user_abc_account__session_1"},
        )
        return [event.model_dump(exclude={"message": {"id"}}) for event in stream]

    _, [span] = compared(both, call, "anthropic_messages", stream=True)
    assert span["user_id"] == "user_abc_account__session_1"
    assert span["usage"]["cache_write_5m"] + span["usage"]["cache_write_1h"] + span["usage"]["cache_read"] > 0


def test_codex(both, monkeypatch):
    def call(side, headers):
        monkeypatch.setenv("OPENAI_BASE_URL", side.url + "/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        client = openai.OpenAI(max_retries=0, default_headers={"originator": "codex_cli_rs", **headers})
        stream = client.responses.create(
            model="gpt-4o",
            instructions=INSTRUCTIONS,
            input=[{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix the test"}]}],
            tools=[{"type": "function", "strict": False, **WEATHER}],
            tool_choice="auto",
            parallel_tool_calls=False,
            store=False,
            stream=True,
            include=["reasoning.encrypted_content"],
            prompt_cache_key="0199c82c-c000-7102-8304-050607080000",
        )
        return [event.type for event in stream]

    kinds, [span] = compared(both, call, "openai_responses", stream=True)
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    assert span["params"]["store"] is False


def test_the_agents_sdk_on_responses(both):
    """Its default format; two exchanges, for a tool is called between them."""
    import asyncio

    from agents import Agent, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled

    set_tracing_disabled(True)

    @function_tool
    def get_weather(city: str) -> str:
        return f"Rain in {city}"

    def call(side, headers):
        async def run():
            client = openai.AsyncOpenAI(base_url=side.url + "/v1", api_key=KEY, max_retries=0, default_headers=headers)
            model = OpenAIResponsesModel(model="gpt-4o", openai_client=client)
            return (await Runner.run(Agent(name="a", model=model, tools=[get_weather]), "Weather in Paris?")).final_output

        return asyncio.run(run())

    compared(both, call, "openai_responses", calls=2)
