"""The Vercel AI SDK, one process a call (see node/clients.mjs)."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from sdk import compared
from test_node import NODE

FOLDER = Path(__file__).resolve().parent / "node"


def node(case):
    def call(side, headers):
        assert (FOLDER / "node_modules").is_dir(), "run scripts/e2e.sh: the Node packages are missing"
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        command = [str(NODE), str(FOLDER / "clients.mjs"), case, side.url, headers["x-fake-id"]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.mark.parametrize(
    "spoken, dialect", [("chat", "openai_chat"), ("anthropic", "anthropic_messages"), ("google", "gemini")]
)
@pytest.mark.parametrize("way", ["plain", "stream", "tools"])
def test_results_are_the_same_and_billed(both, spoken, dialect, way):
    compared(both, node(f"{spoken}_{way}"), dialect, stream=way == "stream")
