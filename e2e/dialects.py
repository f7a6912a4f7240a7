"""Every format the proxy reads: how to ask for an exchange in it, and how its provider reports usage."""

import random
from dataclasses import dataclass, field
from typing import Callable

from harness import anthropic_usage, buckets, openai_usage

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
WORDS = "proxy trace token stream budget price cache span tenant journal replay bill".split()


@dataclass
class Asked:
    """One request of the replay."""

    dialect: str
    model: str
    path: str
    body: dict
    headers: dict = field(default_factory=dict)
    method: str = "POST"
    cancel: bool = False


def text(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 200)))


def effects(rng: random.Random, *words: str) -> str:
    """A suffix to the model's name that makes the provider answer so; mostly none."""
    return "+" + rng.choice(words) if words and rng.random() < 0.3 else ""


def openai_chat(rng):
    model = rng.choice(["gpt-4o", "gpt-4o-mini", "o4-mini"])
    asked = model + effects(rng, "cached", "gzip", "one-byte-chunks", "crlf", "comments", "error-429", "error-500")
    body = {"model": asked, "messages": [{"role": "user", "content": text(rng)}]}
    if rng.random() < 0.3:
        body["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    if rng.random() < 0.5:
        body["stream"] = True
        if rng.random() < 0.3:
            body["stream_options"] = {"include_usage": True}
    return Asked("openai_chat", model, "/v1/chat/completions", body)


def openai_embeddings(rng):
    body = {"model": "text-embedding-3-small", "input": [text(rng), text(rng)]}
    return Asked("openai_embeddings", "text-embedding-3-small", "/v1/embeddings", body)


def anthropic_messages(rng):
    model = "claude-sonnet-4-5"
    asked = model + effects(rng, "gzip", "one-byte-chunks", "error-529")
    said = {"type": "text", "text": text(rng)}
    if rng.random() < 0.4:
        said["cache_control"] = {"type": "ephemeral", "ttl": rng.choice(["5m", "1h"])}
    body = {"model": asked, "max_tokens": 512, "messages": [{"role": "user", "content": [said]}]}
    if rng.random() < 0.3:
        body["tools"] = [{"name": "weather", "input_schema": CITY}]
    if rng.random() < 0.5:
        body["stream"] = True
    headers = {"anthropic-version": "2023-06-01"}
    return Asked("anthropic_messages", model, "/v1/messages", body, headers)


def ollama_chat(rng):
    body = {"model": "llama3.2" + effects(rng, "one-byte-chunks"), "messages": [{"role": "user", "content": text(rng)}]}
    if rng.random() < 0.4:
        body["stream"] = False
    if rng.random() < 0.3:
        body["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    return Asked("ollama_chat", "llama3.2", "/api/chat", body)


def cohere_chat(rng):
    model = "command-a-03-2025"
    body = {"model": model, "messages": [{"role": "user", "content": text(rng)}], "stream": rng.random() < 0.5}
    # Its answers name no model, so the one asked for must be a real one: effects come by a header.
    headers = {"x-fake": effects(rng, "gzip", "error-429").lstrip("+")}
    if rng.random() < 0.3:
        body["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    return Asked("cohere_chat", model, "/v2/chat", body, headers)


def cohere_rerank(rng):
    body = {"model": "rerank-v3.5", "query": text(rng), "documents": [text(rng), text(rng)]}
    return Asked("cohere_rerank", "rerank-v3.5", "/v2/rerank", body)


def gemini(rng):
    model = rng.choice(["gemini-2.5-flash", "gemini-2.5-pro"])
    asked = model + effects(rng, "gzip", "error-429")
    body = {"contents": [{"role": "user", "parts": [{"text": text(rng)}]}]}
    if rng.random() < 0.3:
        body["tools"] = [{"functionDeclarations": [{"name": "weather", "parameters": CITY}]}]
    verb = rng.choice(["generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse"])
    return Asked("gemini", model, f"/v1beta/models/{asked}:{verb}", body)


def bedrock_converse(rng):
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    headers = {"x-fake": effects(rng, "one-byte-chunks").lstrip("+")}
    body = {"messages": [{"role": "user", "content": [{"text": text(rng)}]}]}
    if rng.random() < 0.3:
        body["toolConfig"] = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": CITY}}}]}
    verb = rng.choice(["converse", "converse-stream"])
    return Asked("bedrock_converse", model, f"/model/{model}/{verb}", body, headers)


def bedrock_invoke(rng):
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 512, "messages": [{"role": "user", "content": text(rng)}]}
    verb = rng.choice(["invoke", "invoke-with-response-stream"])
    return Asked("bedrock_invoke", model, f"/model/{model}/{verb}", body)


def openai_responses(rng):
    model = rng.choice(["gpt-4o", "gpt-4o-mini"])
    body = {"model": model, "input": text(rng), "stream": rng.random() < 0.5}
    if rng.random() < 0.3:
        body["tools"] = [{"type": "function", "name": "weather", "parameters": CITY}]
    return Asked("openai_responses", model, "/v1/responses", body)


FORMATS = [openai_responses, bedrock_converse, bedrock_invoke, gemini, openai_chat, openai_chat, openai_embeddings, anthropic_messages, anthropic_messages, ollama_chat, cohere_chat, cohere_rerank]


def pick(rng: random.Random, number: int) -> Asked:
    """The exchange with this number: every format comes up, most streams are read to their end."""
    asked = FORMATS[number % len(FORMATS)](rng)
    asked.cancel = bool(asked.body.get("stream")) and rng.random() < 0.1
    return asked


def cohere_usage(usage: dict) -> tuple[dict, dict]:
    billed = usage["billed_units"]
    tokens = buckets(input=billed.get("input_tokens", 0), output=billed.get("output_tokens", 0))
    searches = billed.get("search_units", 0)
    return tokens, {"rerank_searches": searches} if searches else {}


def ollama_usage(usage: dict) -> tuple[dict, dict]:
    return buckets(input=usage["prompt_eval_count"], output=usage.get("eval_count", 0)), {}


def gemini_usage(usage: dict) -> tuple[dict, dict]:
    """Google counts thoughts and tools beside prompt and candidates, the cache inside the prompt; details by modality."""

    def by_modality(key):
        return {d["modality"]: d.get("tokenCount", 0) for d in usage.get(key, [])}

    cached, thoughts = usage.get("cachedContentTokenCount", 0), usage.get("thoughtsTokenCount", 0)
    prompt, said = by_modality("promptTokensDetails"), by_modality("candidatesTokensDetails")
    tool, kept = by_modality("toolUsePromptTokensDetails"), by_modality("cacheTokensDetails")
    all_in = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
    sees = lambda of: of.get("IMAGE", 0) + of.get("VIDEO", 0)
    audio_in, image_in = prompt.get("AUDIO", 0) + tool.get("AUDIO", 0), sees(prompt) + sees(tool)
    audio_kept, image_kept = kept.get("AUDIO", 0), sees(kept)
    audio_out, image_out = said.get("AUDIO", 0), said.get("IMAGE", 0)
    tokens = buckets(
        input=all_in - cached - (audio_in - audio_kept) - (image_in - image_kept),
        cache_read=cached - audio_kept - image_kept,
        audio_input=audio_in - audio_kept,
        image_input=image_in - image_kept,
        audio_cache_read=audio_kept,
        image_cache_read=image_kept,
        output=usage.get("candidatesTokenCount", 0) - audio_out - image_out,
        reasoning=thoughts,
        audio_output=audio_out,
        image_output=image_out,
    )
    assert tokens["total"] == usage["totalTokenCount"]
    return tokens, {}


def bedrock_usage(usage: dict) -> tuple[dict, dict]:
    """Converse counts the cache beside the input; a write says its lifetime in its details. Claude's own words: Anthropic's."""
    if "input_tokens" in usage:
        return anthropic_usage(usage), {}
    hour = sum(d["inputTokens"] for d in usage.get("cacheDetails", []) if d.get("ttl") == "1h")
    tokens = buckets(
        input=usage["inputTokens"],
        cache_read=usage.get("cacheReadInputTokens", 0),
        cache_write_5m=usage.get("cacheWriteInputTokens", 0) - hour,
        cache_write_1h=hour,
        output=usage["outputTokens"],
    )
    assert tokens["total"] == usage.get("totalTokens", tokens["total"])
    return tokens, {}


def responses_usage(usage: dict) -> tuple[dict, dict]:
    cached = (usage.get("input_tokens_details") or {}).get("cached_tokens", 0)
    reasoning = (usage.get("output_tokens_details") or {}).get("reasoning_tokens", 0)
    tokens = buckets(
        input=usage["input_tokens"] - cached,
        cache_read=cached,
        output=usage["output_tokens"] - reasoning,
        reasoning=reasoning,
    )
    assert tokens["total"] == usage["total_tokens"]
    return tokens, {}


USAGE: dict[str, Callable[[dict], tuple[dict, dict]]] = {
    "openai_chat": lambda usage: (openai_usage(usage), {}),
    "openai_embeddings": lambda usage: (openai_usage(usage), {}),
    "anthropic_messages": lambda usage: (anthropic_usage(usage), {}),
    "openai_responses": responses_usage,
    "gemini": gemini_usage,
    "bedrock_converse": bedrock_usage,
    "bedrock_invoke": bedrock_usage,
    "ollama_chat": ollama_usage,
    "ollama_generate": ollama_usage,
    "ollama_embed": ollama_usage,
    "cohere_embed": cohere_usage,
    "cohere_chat": cohere_usage,
    "cohere_rerank": cohere_usage,
}
