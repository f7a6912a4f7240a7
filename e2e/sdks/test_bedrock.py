"""`boto3`'s bedrock-runtime: its own signature directly, the proxy's through the proxy; the provider checks both."""

import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import Pair
from harness import Provider, Proxy, marked, new_mark
from sdk import WEATHER, judged

REGION = "us-east-1"
# Not anybody's: the fake provider is told to expect them.
KEY_ID, KEY = "AKIDEXAMPLE", "e2e-secret-of-the-fake-provider"
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SAID = [{"role": "user", "content": [{"text": "Hello, proxy"}]}]


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bedrock")
    provider = Provider("--aws", ",".join([KEY_ID, KEY, REGION]))
    upstream = {
        "name": "aws",
        "url": provider.url,
        "provider": "aws.bedrock",
        "credential": "aws",
        "aws": {"region": REGION, "access_key_id": "env:E2E_KEY_ID", "secret_access_key": "env:E2E_KEY"},
    }
    config = folder / "llmtrace.yaml"
    config.write_text(json.dumps({"upstreams": [upstream]}))
    env = {"LLMTRACE_CONFIG": str(config), "E2E_KEY_ID": KEY_ID, "E2E_KEY": KEY}
    proxy = Proxy(provider.url, folder, env=env)
    yield provider, proxy
    assert proxy.stop() == 0
    provider.kill()


def client(url, mark, signs: bool):
    """A client whose requests carry the mark; through the proxy it signs nothing."""
    own = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY} if signs else {}
    config = Config(retries={"max_attempts": 1}, **({} if signs else {"signature_version": UNSIGNED}))
    made = boto3.client("bedrock-runtime", region_name=REGION, endpoint_url=url, config=config, **own)
    made.meta.events.register("before-call.bedrock-runtime", lambda params, **_: params["headers"].update(marked(mark)))
    return made


@pytest.fixture
def both(sides):
    provider, proxy = sides

    def run(call):
        mark = new_mark()
        direct = call(client(provider.url, mark, signs=True))
        return Pair(direct, call(client(proxy.url + "/up/aws", mark, signs=False)), mark, proxy, provider)

    return run


def unnamed(answer):
    return {k: v for k, v in answer.items() if k not in ("ResponseMetadata", "metrics", "stream")}


def test_converse(both):
    call = lambda c: unnamed(c.converse(modelId=MODEL, messages=SAID, inferenceConfig={"temperature": 0.2}))
    judged(both(call), "bedrock_converse", request_model=MODEL, provider="aws.bedrock", upstream="aws")


def test_a_converse_stream(both):
    def call(c):
        events = list(c.converse_stream(modelId=MODEL, messages=SAID)["stream"])
        return [{k: v for k, v in e.items() if k != "metadata"} for e in events] + [events[-1]["metadata"]["usage"]]

    judged(both(call), "bedrock_converse", stream=True)


def test_a_tool_call(both):
    spec = {"name": WEATHER["name"], "description": WEATHER["description"], "inputSchema": {"json": WEATHER["parameters"]}}

    def call(c):
        answer = c.converse(modelId=MODEL, messages=SAID, toolConfig={"tools": [{"toolSpec": spec}]})
        used = [b["toolUse"] for b in answer["output"]["message"]["content"] if "toolUse" in b]
        return [answer["stopReason"], [{k: v for k, v in one.items() if k != "toolUseId"} for one in used]]

    pair = both(call)
    judged(pair, "bedrock_converse")
    assert pair.proxied[1][0]["name"] == "get_weather"


@pytest.mark.parametrize("stream", [False, True])
def test_invoke_model(both, stream):
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}

    def call(c):
        if stream:
            answer = c.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(body))
            inner = [json.loads(e["chunk"]["bytes"]) for e in answer["body"]]
            return [e.get("delta") for e in inner]
        answer = json.loads(c.invoke_model(modelId=MODEL, body=json.dumps(body))["body"].read())
        return [answer["content"], answer["usage"]]

    judged(both(call), "bedrock_invoke", stream=stream)


def test_an_error_is_the_same_and_recorded(both):
    def call(c):
        with pytest.raises(ClientError) as raised:
            c.converse(modelId="error-429", messages=SAID)
        return raised.value.response["Error"]

    pair = both(call)
    assert pair.proxied == pair.direct
    assert pair.proxy.span(session_id=pair.mark)["http_status"] == 429


def test_the_keys_stand_nowhere(sides, both):
    provider, proxy = sides
    both(lambda c: unnamed(c.converse(modelId=MODEL, messages=SAID)))
    everything = json.dumps(proxy.spans()) + proxy.said()
    assert KEY not in everything and KEY_ID not in everything
