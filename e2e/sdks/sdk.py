"""What the tests of this folder share: a call is made directly and through the proxy, and its span compared with the bill."""

from decimal import Decimal

import dialects
from harness import PRICES, cost, plain, poll

WEATHER = {
    "name": "get_weather",
    "description": "The weather at a place",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def user(text="Hello, proxy"):
    return [{"role": "user", "content": text}]


def compared(both, call, dialect: str, calls: int = 1, spliced: bool = False, **expected):
    """Makes `call` on both sides; the results are equal, and each stored span is on the bill, to the nano-dollar.

    Returns the proxied result and the spans, oldest first. `calls` is how many exchanges one call makes; `spliced` says
    that the proxy asked for the usage event where the client did not.
    """
    pair = both(call)
    if calls == 1:
        pair.same_request(spliced)
    return pair.proxied, judged(pair, dialect, calls, **expected)


def judged(pair, dialect: str, calls: int = 1, **expected) -> list[dict]:
    """The results of a pair are equal, and its stored spans say what the bill says; returns the spans, oldest first."""
    assert plain(pair.proxied) == plain(pair.direct)

    def stored():
        spans = pair.proxy.spans(session_id=pair.mark)
        return spans if len(spans) == calls else None

    spans = sorted(poll(f"{calls} spans", stored), key=lambda span: span["started_at"])
    lines = [line for line in pair.provider.bill() if line["label"] == pair.mark]
    assert len(lines) == 2 * calls, lines
    for span, line in zip(spans, lines[calls:]):
        wanted = {"dialect": dialect, "status": "ok", "http_status": 200, "end_reason": "complete"} | expected
        wrong = {k: (span.get(k), v) for k, v in wanted.items() if span.get(k) != v}
        assert not wrong, f"span is (found, expected): {wrong}"
        usage, units = dialects.USAGE[dialect](line["usage"])
        if usage["total"] == 0 and units:
            # Billed by the piece alone.
            usage = None
        assert (span["usage"], span["units"]) == (usage, units)
        assert span["usage_source"] == ("provider" if usage else "none")
        assert span["coverage"]["unknown"] == [], span["coverage"]
        model = line["model"]
        if model in PRICES:
            assert Decimal(span["cost_usd"]) == cost(model, usage or {}, units)
    return spans
