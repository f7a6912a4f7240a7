"""What other programs read in an export: pyarrow and DuckDB in the Parquet file, Python's csv in the text."""

import csv
import io
import json
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pyarrow.parquet
import pytest

from harness import marked, new_mark, poll

MODELS = ["gpt-4o-mini", "a model without a price"]


@pytest.fixture(scope="module")
def session(proxied):
    """A session of exchanges, some of them with labels that a spreadsheet would compute."""
    mark = new_mark()
    for n in range(12):
        headers = marked(mark) | {"X-LLMTrace-User-ID": ["=1+1", "a,b", 'say "x"', "@sum"][n % 4]}
        proxied.openai.chat.completions.create(
            model=MODELS[n % 2], messages=[{"role": "user", "content": f"line {n}\nü"}], extra_headers=headers
        )
    return mark


def export(proxy, form, session, **more) -> bytes:
    query = urllib.parse.urlencode({"format": form, "session_id": session} | more)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{proxy.url}/api/v1/export?{query}", timeout=20) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def spans(proxy, session):
    def all_there():
        lines = export(proxy, "jsonl", session).splitlines()
        return [json.loads(line) for line in lines] if len(lines) == 12 else None

    return poll("twelve spans", all_there)


def flat(span, name):
    if name.startswith("usage_") and name != "usage_source":
        return span["usage"][name.removeprefix("usage_")] if span["usage"] else None
    return span[name]


def test_pyarrow_reads_types_and_values(proxy, session, spans):
    table = pyarrow.parquet.read_table(io.BytesIO(export(proxy, "parquet", session)))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["started_at"] == "timestamp[us, tz=UTC]"
    assert types["cost_usd"] == "decimal128(19, 9)"
    assert (types["usage_total"], types["duration_ms"], types["stream"]) == ("int64", "double", "bool")
    rows = table.to_pylist()
    assert len(rows) == len(spans)
    for row, span in zip(rows, spans):
        for name, found in row.items():
            wanted = flat(span, name)
            if isinstance(wanted, list | dict):
                assert json.loads(found) == wanted, name
            elif name == "cost_usd":
                assert found == (None if wanted is None else Decimal(wanted))
            elif name == "started_at":
                assert found == datetime.fromisoformat(wanted).astimezone(UTC)
            else:
                assert found == wanted, name


def test_duckdb_adds_up_exactly(proxy, session, spans, tmp_path):
    file = tmp_path / "spans.parquet"
    file.write_bytes(export(proxy, "parquet", session))
    sums = duckdb.sql(
        f"SELECT sum(cost_usd), sum(usage_total), count(*), min(started_at)::VARCHAR FROM read_parquet('{file}')"
    ).fetchall()[0]
    costs = [Decimal(span["cost_usd"]) for span in spans if span["cost_usd"] is not None]
    assert costs and len(costs) < len(spans), "some have a price, some have none"
    assert sums[0] == sum(costs)
    assert (sums[1], sums[2]) == (sum(span["usage"]["total"] for span in spans if span["usage"]), len(spans))
    kinds = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{file}')").fetchall())
    assert (kinds["cost_usd"], kinds["started_at"]) == ("DECIMAL(19,9)", "TIMESTAMP WITH TIME ZONE")


def test_python_reads_the_csv_and_no_cell_is_a_formula(proxy, session, spans):
    text = export(proxy, "csv", session).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert [row["exchange_id"] for row in rows] == [span["exchange_id"] for span in spans]
    assert {row["user_id"] for row in rows} == {"'=1+1", "a,b", 'say "x"', "'@sum"}
    assert [json.loads(row["input_messages"]) for row in rows] == [span["input_messages"] for span in spans]
    assert all(cell[:1] not in ("=", "+", "@", "\t", "\r") for row in rows for cell in row.values())


def test_duckdb_takes_parts_of_an_export_for_one_table(proxy, session, spans, tmp_path):
    last, parts = {}, 0
    while body := export(proxy, "parquet", session, limit=5, **last):
        file = tmp_path / f"{parts}.parquet"
        file.write_bytes(body)
        ids = [row[0] for row in duckdb.sql(f"SELECT exchange_id FROM '{file}'").fetchall()]
        if not ids:
            break
        last, parts = {"after": ids[-1]}, parts + 1
    found = duckdb.sql(f"SELECT count(DISTINCT exchange_id), count(*) FROM '{tmp_path}/*.parquet'").fetchall()[0]
    assert (parts, found) == (3, (12, 12))
