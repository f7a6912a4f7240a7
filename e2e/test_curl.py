"""curl: bytes on the wire, without an SDK's help."""

import json
import shutil
import subprocess
import tempfile

import pytest

from harness import marked, new_mark, plain

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def curl(*args, data=None) -> tuple[bytes, bytes]:
    """Head and body of the answer."""
    with tempfile.NamedTemporaryFile() as head:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--dump-header", head.name]
        done = subprocess.run([*command, *args], input=data, stdout=subprocess.PIPE, check=True)
        return head.read(), done.stdout


def post(url, body, mark, *more):
    headers = [f"-H{n}: {v}" for n, v in ({"Content-Type": "application/json"} | marked(mark)).items()]
    return curl(*headers, *more, "--data-binary", "@-", url, data=body)


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("streamed", [False, True])
def test_bodies_are_the_same_over_every_http(direct, proxied, proxy, provider, version, streamed):
    mark = new_mark()
    # Odd spacing and a name our decoders do not know: nothing may be re-serialised.
    body = b'{ "model":"gpt-4o-mini",\n\t"unknown" : 1.50, "stream":%s, "stream_options":{"include_usage":true},' % (
        b"true" if streamed else b"false"
    ) + b' "messages":[ {"role":"user","content":"h\\u00e9llo \xc3\xa9"} ] }'
    _, one = post(direct.url + "/v1/chat/completions", body, mark, version)
    _, two = post(proxied.url + "/v1/chat/completions", body, mark, version)
    assert plain(two.decode()) == plain(one.decode())
    assert provider.received(mark)[1]["body"] == body.decode()
    span = proxy.span(session_id=mark)
    assert span["input_messages"][0]["parts"] == [{"type": "text", "content": "héllo é"}]
    assert span["usage_source"] == "provider"


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_compressed_answers_pass_as_they_are_and_are_read_all_the_same(direct, proxied, proxy, version):
    mark = new_mark()
    body = json.dumps({"model": "gpt-4o-mini+gzip", "messages": [{"role": "user", "content": "zip"}]}).encode()
    head, packed = post(proxied.url + "/v1/chat/completions", body, mark, version)
    assert b"content-encoding: gzip" in head.lower() and packed.startswith(b"\x1f\x8b")
    span = proxy.span(session_id=mark)
    assert span["output_messages"][0]["parts"] == [{"type": "text", "content": "You said: zip"}]


def test_a_large_upload_with_expect_continue_arrives_whole(proxied, proxy, provider):
    mark = new_mark()
    text = "x" * 3_000_000
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}).encode()
    head, answer = post(proxied.url + "/v1/chat/completions", body, mark, "-HExpect: 100-continue")
    assert b"200 OK" in head and json.loads(answer)["usage"]["prompt_tokens"] == 4 + len(text) // 4
    [received] = provider.received(mark)
    assert received["body_bytes"] == len(body)
    span = proxy.span(session_id=mark)
    assert span["request_bytes"] == len(body)


def test_unknown_paths_are_forwarded_and_opaque(direct, proxied, proxy):
    mark = new_mark()
    _, one = post(direct.url + "/v9/unheard-of?x=1&y", b"\x00\xffnot json", mark)
    head, two = post(proxied.url + "/v9/unheard-of?x=1&y", b"\x00\xffnot json", mark)
    assert two == one and b"404" in head.splitlines()[0]
    span = proxy.span(session_id=mark)
    assert (span["dialect"], span["path"], span["http_status"]) == ("opaque", "/v9/unheard-of?x=1&y", 404)


def test_malformed_json_is_forwarded_and_recorded_as_opaque(direct, proxied, proxy, provider):
    mark = new_mark()
    body = b'{"model": "gpt-4o", "messages": ['
    _, one = post(direct.url + "/v1/chat/completions", body, mark)
    head, two = post(proxied.url + "/v1/chat/completions", body, mark)
    assert two == one and b"400" in head.splitlines()[0]
    assert provider.received(mark)[1]["body"] == body.decode()
    span = proxy.span(session_id=mark)
    assert span["status"] == "error" and span["coverage"]["request"]["reason"]


def test_head_requests_have_no_body(proxied, proxy):
    mark = new_mark()
    headers = [f"-H{n}: {v}" for n, v in marked(mark).items()]
    head, body = curl("--head", *headers, proxied.url + "/v1/models")
    assert b"200" in head.splitlines()[0]
    assert proxy.span(session_id=mark)["method"] == "HEAD"
