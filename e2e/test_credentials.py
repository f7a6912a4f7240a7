"""Credentials that a team has stored: official clients show an LLMTrace key as their `api_key`, and the provider gets the stored one.

Against real processes: `lite`, and two replicas of the production profile with its engines.
"""

import asyncio
import json
import subprocess

import anthropic
import openai
import pytest

from harness import BIN, marked, new_mark, poll
from test_access import ADMIN, EVERYWHERE_S, GUARDED, House, ask

SECRET = "of-the-account-that-nobody-sees"
OLD, NEW = "01" * 32, "02" * 32
PATH = "/api/v1/tenants/team/credentials/default"
MESSAGES = [{"role": "user", "content": "Hello"}]
# Everything that anything of ours or below it may say.
LOUD = {"LLMTRACE_LOGGING__LEVEL": "trace", "LLMTRACE_CAPTURE__RAW": "all"}


@pytest.fixture(params=["lite", "production"])
def house(request, tmp_path):
    house = House(tmp_path, request.param, LOUD | {"LLMTRACE_SECRETS__MASTER_KEY": OLD})
    yield house
    house.world.close()


def store(house: House, secret: str, condition: dict):
    status, shown, headers = ask(house.first, PATH, ADMIN, "PUT", {"secret": secret}, condition)
    assert status in (200, 201), shown
    return shown, headers["ETag"]


def of_openai(url: str, key: str):
    return openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=20.0)


def of_anthropic(url: str, key: str):
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20.0)


def chat(url, key, headers):
    return of_openai(url, key).chat.completions.create(model="gpt-4o", messages=MESSAGES, extra_headers=headers)


def stream(url, key, headers):
    list(of_openai(url, key).chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, extra_headers=headers))


def embedding(url, key, headers):
    async def ask_at_once():
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key=key, max_retries=0) as client:
            await client.embeddings.create(model="text-embedding-3-small", input="Hello", extra_headers=headers)

    asyncio.run(ask_at_once())


def message(url, key, headers):
    of_anthropic(url, key).messages.create(model="claude-sonnet-4-5", max_tokens=64, messages=MESSAGES, extra_headers=headers)


def events(url, key, headers):
    with of_anthropic(url, key).messages.stream(model="claude-sonnet-4-5", max_tokens=64, messages=MESSAGES, extra_headers=headers) as said:
        assert said.get_final_message().content


def sent_by(house: House, mark: str) -> dict:
    """The fields that say who asks, as the provider received them."""
    received = poll("the request at the provider", lambda: house.world.provider.received(mark))
    assert "llmt_" not in json.dumps(received)
    return {name.lower(): value for name, value in received[0]["headers"] if name.lower() in ("authorization", "x-api-key")}


def test_the_sdks_take_our_key_and_the_provider_gets_the_stored_one(house):
    key = house.key("team", "operator")["key"]
    with pytest.raises(openai.AuthenticationError, match="has stored none for upstream default"):
        of_openai(house.last.url, key).models.list()
    shown, _ = store(house, SECRET, {"If-None-Match": "*"})
    assert (shown["hint"], shown["state"]) == (SECRET[-4:], "usable")

    def is_sent():
        try:
            return of_openai(house.last.url, key).models.list()
        except openai.AuthenticationError:
            return None

    poll("the credential on the other replica", is_sent, EVERYWHERE_S)

    for call in (chat, stream, embedding, message, events):
        ours, theirs = new_mark(), new_mark()
        call(house.last.url, key, marked(ours))
        # The same call of somebody who has the account itself.
        call(house.world.provider.url, SECRET, marked(theirs))
        found, expected = sent_by(house, ours), sent_by(house, theirs)
        assert found == expected and any(SECRET in value for value in found.values()), call.__name__
        query = f"/api/v1/spans?session_id={ours}"
        span = poll("the span", lambda query=query: ask(house.last, query, ADMIN)[1]["items"])[0]
        assert (span["tenant_id"], span["status"]) == ("team", "ok")
        ask(house.last, f"/api/v1/spans/{span['span_id']}/raw", ADMIN)
    for proxy in house.proxies:
        proxy.stop()
    kept = [path for path in house.world.folder.rglob("*") if path.is_file()]
    assert any(path.name == "proxy.log" and b"TRACE" in path.read_bytes() for path in kept)
    for path in kept:
        held = path.read_bytes()
        assert SECRET.encode() not in held and key.encode() not in held, path


def test_the_master_key_is_changed_while_everything_is_served(house):
    key = house.key("team", "operator")["key"]
    store(house, SECRET, {"If-None-Match": "*"})

    def everywhere():
        for proxy in house.proxies:
            mark = new_mark()
            poll("the credential", lambda proxy=proxy, mark=mark: chat_of(proxy, key, mark))
            assert sent_by(house, mark)["authorization"] == f"Bearer {SECRET}"

    everywhere()
    # As docs/guide/credentials.md has it: each step on one replica after the other, while the others serve.
    for newest, others in ((OLD, [NEW]), (NEW, [OLD]), (NEW, [])):
        keys = {"LLMTRACE_SECRETS__MASTER_KEY": newest, "LLMTRACE_SECRETS__PREVIOUS_MASTER_KEYS": json.dumps(others)}
        for n, name in enumerate(house.names):
            port = house.proxies[n].port
            assert house.proxies[n].stop() == 0
            house.proxies[n] = house.world.start(name, port=port, env=GUARDED | LOUD | keys)
            everywhere()
        if newest == NEW and others:
            told = "no stored credential needs a previous master key any more"
            poll("the log to say so", lambda: any(told in proxy.log.read_text(errors="replace") for proxy in house.proxies))
    settings = house.world.extra | keys | {"LLMTRACE_STORAGE__PATH": str(house.first.folder / "data")}
    listed = subprocess.run([str(BIN / "llmtrace-proxy"), "credentials", "list"], env=settings, capture_output=True, text=True, timeout=60, check=True)
    assert "usable" in listed.stdout and SECRET not in listed.stdout + listed.stderr, listed
    actions = [it["action"] for it in ask(house.last, "/api/v1/audit?action=credentials.", ADMIN)[1]["items"]]
    assert sorted(set(actions)) == ["credentials.reseal", "credentials.store"] and actions.count("credentials.reseal") >= 1


def chat_of(proxy, key: str, mark: str):
    try:
        return chat(proxy.url, key, marked(mark))
    except openai.AuthenticationError:
        # Its replica does not know the credential yet.
        return None
