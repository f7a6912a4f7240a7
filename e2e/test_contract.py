"""The API keeps to its own OpenAPI document: schemathesis asks it everything the document allows, and much it does not.

Once where nobody is asked for a key, and once by each role where keys are asked for: whatever is sent, the answer is one
of the document, and without the key it is 401.

Bounded in time: `CONTRACT_SECONDS` (30, at most 180), a third of it for each role. A fixed seed, so that a run can be
repeated; `CONTRACT_SEED` takes another one.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Proxy, get, marked, new_mark, send

SECONDS = min(int(os.environ.get("CONTRACT_SECONDS", "30")), 180)
SEED = os.environ.get("CONTRACT_SEED", "1")
# Left out, and why: a document cannot say that two parameters contradict each other, so valid ones may be refused
# (positive_data_acceptance); a change without If-Match is answered 428 (RFC 6585), which the check does not know
# (missing_required_header); in open mode nobody is asked for a key (ignored_auth).
LEFT_OUT = "positive_data_acceptance,missing_required_header"
IN_OPEN_MODE = LEFT_OUT + ",ignored_auth"
# It answers for as long as the caller listens.
ENDLESS = "/api/v1/tail"
# A name that is made up may be a tenant that is there, and then the lists are empty for the rest of the run. Tests of its own.
DELETES_ALL = "delete_tenant"


@pytest.fixture(scope="module")
def asked(provider, direct, tmp_path_factory):
    """A proxy of its own, whose lists are not empty: what a stranger asks and saves must not disturb other tests."""
    import conftest

    proxy = Proxy(provider.url, tmp_path_factory.mktemp("contract"))
    side = conftest.Side(proxy.url)
    for n in range(12):
        headers = marked(new_mark()) | {"X-LLMTrace-Agent-ID": f"agent-{n % 3}", "X-LLMTrace-User-ID": f"user-{n % 4}"}
        messages = [{"role": "user", "content": f"question {n} <b>&amp; 東京"}]
        if n % 3 == 0:
            for _ in side.openai.chat.completions.create(
                model="gpt-4o-mini", messages=messages, stream=True, extra_headers=headers
            ):
                pass
        elif n % 3 == 1:
            side.openai.chat.completions.create(model="gpt-4o", messages=messages, extra_headers=headers)
        else:
            side.anthropic.messages.create(
                model="claude-sonnet-4-5", max_tokens=64, messages=messages, extra_headers=headers
            )
        proxy.span(session_id=headers["X-LLMTrace-Session-ID"])
    yield proxy
    assert proxy.stop() == 0, f"the proxy did not end well: {proxy.said()}"


@pytest.fixture(scope="module")
def guarded(provider, tmp_path_factory):
    """A proxy that asks for keys, with a key of each role."""
    proxy = Proxy(provider.url, tmp_path_factory.mktemp("guarded"), env={"LLMTRACE_AUTH__MODE": "required"})
    admin = (proxy.folder / "data" / "admin.key").read_text().strip()
    keys = {"platform": admin}
    for role in ("viewer", "operator", "admin"):
        body = {"name": role, "role": role}
        keys[role] = send(proxy.url + "/api/v1/keys?tenant_id=team", body, {"X-LLMTrace-Token": admin})["key"]
    yield proxy, keys
    assert proxy.stop() == 0, f"the proxy did not end well: {proxy.said()}"
    log = proxy.log.read_text(errors="replace")
    assert "llmt_" not in log, "a key is in the log"


def ask_everything(proxy, seconds: int, left_out: str, folder: Path, *more: str):
    program = Path(sys.executable).with_name("st")
    # fmt: off
    command = [
        program, "run", f"{proxy.url}/api/v1/openapi.json",
        "--phases", "examples,coverage,fuzzing",
        "--checks", "all", "--exclude-checks", left_out,
        "--exclude-path", ENDLESS, "--exclude-operation-id", DELETES_ALL,
        "--max-time", str(seconds), "--seed", SEED,
        "--request-timeout", "30", "--continue-on-failure", "--warnings", "off", *more,
    ]
    # fmt: on
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=seconds + 120)
    said = done.stdout[-12_000:] + done.stderr[-2000:]
    assert done.returncode == 0, said
    # A run that asked nothing has shown nothing.
    assert "generated" in said and "Tested" in said, said
    log = proxy.log.read_text(errors="replace")
    assert "panicked" not in log, log[-4000:]
    assert get(proxy.url + "/health")["status"] == "ok"


def test_the_api_keeps_to_its_document(asked, tmp_path):
    ask_everything(asked, SECONDS, IN_OPEN_MODE, tmp_path)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin", "platform"])
def test_the_api_keeps_to_its_document_with_each_role(guarded, role, tmp_path):
    proxy, keys = guarded
    ask_everything(proxy, max(SECONDS // 3, 5), LEFT_OUT, tmp_path, "--header", f"X-LLMTrace-Token: {keys[role]}")
