"""Starts the fake provider and the proxy, and asks the proxy's API for what it recorded.

Nothing here knows the proxy's insides: it is a program with a URL. `LLMTRACE_BIN_DIR` says where the programs are
(default `target/debug`).
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("LLMTRACE_BIN_DIR", ROOT / "target" / "debug"))
# How long anything may take before a test says it never came.
DEADLINE = 15.0


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url: str, timeout: float = 10.0):
    """GETs JSON."""
    # No proxy of the environment may stand between a test and loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=timeout) as answer:
        return json.load(answer)


def send(url: str, body, headers: dict | None = None, method: str = "POST"):
    """Sends JSON and reads the JSON that comes."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with opener.open(request, timeout=10.0) as answer:
        return json.load(answer)


def poll(what: str, attempt, deadline: float = DEADLINE, every: float = 0.02):
    """Returns the first truthy result of `attempt`; fails after the deadline, naming `what` and the last result."""
    end = time.monotonic() + deadline
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {deadline} s; last seen: {result!r}")
        time.sleep(every)


class Program:
    """A child process that is stopped at the end, whatever happens."""

    def __init__(self, name: str, args=(), env=None, log: Path | None = None):
        path = BIN / name
        if not path.exists():
            raise AssertionError(f"{path} is missing: run `cargo build --workspace`, or set LLMTRACE_BIN_DIR")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMTRACE_") and k.lower() != "http_proxy"}
        self.log = log
        err = open(log, "ab") if log else None
        self.process = subprocess.Popen(
            [str(path), *args], env=clean | (env or {}), stdout=subprocess.PIPE, stderr=err, text=True
        )
        if err:
            err.close()

    def first_line(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        return self.process.stdout.readline().strip() if ready else ""

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log and self.log.exists() else ""

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, then the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the process did not end on SIGTERM: {self.said()}")


class Provider(Program):
    """The fake OpenAI and Anthropic of crates/testkit."""

    def __init__(self, *args: str):
        super().__init__("fake-provider", ["--port", "0", *args])
        self.url = self.first_line()
        assert self.url.startswith("http://"), f"fake-provider said {self.url!r}"

    def received(self, mark: str) -> list[dict]:
        """The raw requests that carried `x-fake-id: mark`."""
        has = lambda r: any(n.lower() == "x-fake-id" and v == mark for n, v in r["headers"])
        return [r for r in get(self.url + "/_received") if has(r)]

    def bill(self) -> list[dict]:
        return get(self.url + "/_bill")


class Proxy(Program):
    """llmtrace-proxy in front of an upstream."""

    def __init__(self, upstream: str, folder: Path, port: int | None = None, env: dict | None = None):
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "LLMTRACE_LISTEN_ADDR": f"127.0.0.1:{self.port}",
            "LLMTRACE_UPSTREAM_URL": upstream,
            "LLMTRACE_STORAGE__PATH": str(folder / "data"),
        }
        super().__init__("llmtrace-proxy", env=settings | (env or {}), log=folder / "proxy.log")
        self.wait_ready()

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the proxy ended with {self.process.returncode}: {self.said()}")
            try:
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                return opener.open(self.url + "/readyz", timeout=2).status == 200
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        poll("readiness", ready)

    # -- what it recorded --

    def spans(self, **query) -> list[dict]:
        """Every span that matches, page by page."""
        found, after = [], None
        while True:
            params = {k: v for k, v in (query | {"limit": 200, "after": after}).items() if v is not None}
            page = get(f"{self.url}/api/v1/spans?{urllib.parse.urlencode(params)}")
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    def span(self, **query) -> dict:
        """The one finished span that matches, with its content; waits until it is stored."""
        found = poll(f"a span with {query}", lambda: self.spans(**query))
        assert len(found) == 1, f"{len(found)} spans for one exchange: {found}"
        return get(f"{self.url}/api/v1/spans/{found[0]['span_id']}")

    def trace(self, trace_id: str) -> dict:
        return get(f"{self.url}/api/v1/traces/{trace_id}")


def new_mark() -> str:
    """Names one exchange: sent as session id (the span's) and as x-fake-id (the provider's bill)."""
    return f"e2e-{uuid.uuid4().hex}"


def marked(mark: str) -> dict:
    return {"X-LLMTrace-Session-ID": mark, "x-fake-id": mark}


# Ids differ between two calls of a provider; nothing else may.
IDS = re.compile(r"\b(chatcmpl-|cmpl-|msg_|call_|toolu_|req_)[0-9a-f]{16}\b")


def without_ids(value):
    if isinstance(value, str):
        return IDS.sub(r"\1ID", value)
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_ids(v) for v in value]
    return value


def plain(result):
    """An SDK result as plain data without ids, to compare one call with another."""
    if isinstance(result, (list, tuple)):
        return [plain(r) for r in result]
    # Base64 embeddings are not the type that the SDK declares; it need not warn about it.
    return without_ids(result.model_dump(warnings=False) if hasattr(result, "model_dump") else result)


# Dollars per million tokens, from the providers' price lists.
PRICES = {
    "gpt-4o": {"input": "2.5", "cache_read": "1.25", "output": "10"},
    "gpt-4o-mini": {"input": "0.15", "cache_read": "0.075", "output": "0.6"},
    "o4-mini": {"input": "1.1", "cache_read": "0.275", "output": "4.4", "reasoning": "4.4"},
    "text-embedding-3-small": {"input": "0.02"},
    "claude-sonnet-4-5": {
        "input": "3",
        "cache_read": "0.3",
        "cache_write_5m": "3.75",
        "cache_write_1h": "6",
        "output": "15",
    },
    # A region's profile: ten in a hundred more than the global one.
    "anthropic.claude-sonnet-4-5-20250929-v1:0": {
        "input": "3.3",
        "cache_read": "0.33",
        "cache_write_5m": "4.125",
        "cache_write_1h": "6.6",
        "output": "16.5",
    },
    "gemini-2.5-flash": {
        "input": "0.3",
        "cache_read": "0.03",
        "output": "2.5",
        "reasoning": "2.5",
        "audio_input": "1",
        "audio_cache_read": "0.1",
        "image_input": "0.3",
        "image_cache_read": "0.03",
    },
    # Prompts of at most 200,000 tokens; the replay sends no longer ones.
    "gemini-2.5-pro": {
        "input": "1.25",
        "cache_read": "0.125",
        "output": "10",
        "reasoning": "10",
        "image_input": "1.25",
        "image_cache_read": "0.125",
    },
    "rerank-v3.5": {},
    "command-a-03-2025": {"input": "2.5", "output": "10"},
}

# Dollars a piece.
UNIT_PRICES: dict[str, dict[str, str]] = {"rerank-v3.5": {"rerank_searches": "0.002"}}


def cost(model: str, usage: dict, units: dict | None = None) -> Decimal | None:
    """What tokens and pieces cost, rounded up to the nano-dollar once; None where there is no list price."""
    if model not in PRICES:
        return None
    total = sum((Decimal(price) * usage.get(bucket, 0) for bucket, price in PRICES[model].items()), Decimal(0)) / 1_000_000
    total += sum(Decimal(UNIT_PRICES[model][unit]) * count for unit, count in (units or {}).items())
    return total.quantize(Decimal("1e-9"), rounding=ROUND_CEILING)


def openai_usage(usage: dict) -> dict:
    """OpenAI's inclusive numbers in exclusive buckets."""
    prompt, completion = usage["prompt_tokens"], usage.get("completion_tokens") or 0
    cached = ((usage.get("prompt_tokens_details") or {}).get("cached_tokens")) or 0
    reasoning = ((usage.get("completion_tokens_details") or {}).get("reasoning_tokens")) or 0
    return buckets(input=prompt - cached, cache_read=cached, output=completion - reasoning, reasoning=reasoning)


def anthropic_usage(usage: dict) -> dict:
    """Anthropic's numbers in the same buckets."""
    written = usage.get("cache_creation") or {}
    return buckets(
        input=usage["input_tokens"],
        cache_read=usage.get("cache_read_input_tokens") or 0,
        cache_write_5m=written.get("ephemeral_5m_input_tokens") or 0,
        cache_write_1h=written.get("ephemeral_1h_input_tokens") or 0,
        output=usage["output_tokens"],
    )


def buckets(**tokens) -> dict:
    names = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"]
    names += ["audio_input", "audio_cache_read", "audio_output", "image_input", "image_cache_read", "image_output"]
    usage = {name: tokens.get(name, 0) for name in names}
    return usage | {"total": sum(usage.values())}
