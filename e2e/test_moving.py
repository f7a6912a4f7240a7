"""Moving between profiles through an archive, as docs/guide/moving.md says: what comes back is what was sent off."""

import json
import os
import subprocess
import urllib.request

from chaos.world import World
from harness import BIN, Proxy, poll

COUNT = 30


def run(env: dict, *args: str) -> str:
    """Runs a command of the proxy; it must succeed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMTRACE_")}
    done = subprocess.run([str(BIN / "llmtrace-proxy"), *args], env=clean | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout + done.stderr


def send(proxy: Proxy, number: int):
    body = {"model": "gpt-4o", "stream": number % 3 == 0, "messages": [{"role": "user", "content": f"question {number}"}]}
    headers = {"content-type": "application/json", "X-LLMTrace-User-ID": f"user-{number % 4}", "X-LLMTrace-Tenant-ID": f"team-{number % 2}"}
    request = urllib.request.Request(f"{proxy.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        answer.read()


def test_what_moves_to_the_production_profile_and_back_is_the_same(tmp_path):
    world = World(tmp_path, "production", 1, 1)
    try:
        first = tmp_path / "first"
        first.mkdir()
        proxy = Proxy(world.provider.url, first)
        for number in range(COUNT):
            send(proxy, number)
        poll("every span", lambda: len(proxy.spans()) == COUNT)
        assert proxy.stop() == 0
        lite = {"LLMTRACE_STORAGE__PATH": str(first / "data")}
        production = world.extra | {"LLMTRACE_STORAGE__PATH": str(tmp_path / "production")}
        back = {"LLMTRACE_STORAGE__PATH": str(tmp_path / "back")}

        run(lite, "export", "--format", "archive", "--out", str(tmp_path / "up"))
        for _twice in range(2):
            assert f"{COUNT} spans" in run(production, "import", str(tmp_path / "up"))
        run(production, "export", "--format", "archive", "--out", str(tmp_path / "down"))
        run(back, "import", str(tmp_path / "down"))

        lines = run(lite, "export", "--out", str(tmp_path / "before.jsonl"))
        assert f"{COUNT} spans" in lines
        for name, env in [("there", production), ("after", back)]:
            run(env, "export", "--out", str(tmp_path / f"{name}.jsonl"))
            assert (tmp_path / f"{name}.jsonl").read_text() == (tmp_path / "before.jsonl").read_text(), name
    finally:
        world.close()
