#!/usr/bin/env python3
"""ClickHouse's HTTP interface over the real engine in process, for tests on machines without a ClickHouse server.

The engine comes from the Python packages `chdb-core` (current versions: any number of connections) or `chdb` 3.x (older
versions: one connection for the whole process, so that requests take turns). What the interface answers and how it words
an error is the engine's own; this file only speaks HTTP. Left out, as the engine in process has none of it: SQL users,
ON CLUSTER, Replicated engines, asynchronous inserts, and the progress of a running query.

    clickhouse_http.py --path DIR [--port 8123] [--user NAME:PASSWORD]... [--config FILE]

Prints `ready PORT VERSION` once it listens (`--port 0` takes a free one). SIGTERM ends it.
"""

import argparse
import base64
import contextlib
import email.parser
import gzip
import json
import re
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
import types
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lz4.block
import lz4.frame
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

try:
    import pyarrow  # noqa: F401
except ImportError:
    # chdb 3.x wants it at import, for results that nobody asks for here. It is 170 MB.
    stand_in = types.ModuleType("pyarrow")
    stand_in.RecordBatchReader = object
    sys.modules["pyarrow"] = stand_in
from chdb import session as chdb_session

# Query parameters of the interface itself. Every other one is a setting of the query, or `param_NAME`.
RESERVED = {
    "buffer_size", "client_protocol_version", "close_session", "compress", "database", "decompress", "default_format",
    "enable_http_compression", "http_native_compression_disable_checksumming_on_decompress", "parallel_replicas_mode",
    "password", "query", "query_id", "quota_key", "role", "session_check", "session_id", "session_timeout", "stacktrace",
    "user", "wait_end_of_query",
}
# The HTTP status of an exception's code, where it is not 500 (ClickHouse's exceptionCodeToHTTPStatus).
STATUS = {
    36: 400, 43: 400, 46: 404, 47: 400, 60: 404, 62: 400, 81: 404, 158: 400, 159: 408, 192: 403, 193: 403, 194: 403,
    202: 503, 241: 500, 242: 503, 307: 400, 396: 400, 497: 403, 516: 403,
}
INSERT = re.compile(r"^\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*INSERT\b", re.IGNORECASE | re.DOTALL)
FORMAT_AT_END = re.compile(r"\bFORMAT\s+([A-Za-z0-9_]+)\s*;?\s*$", re.IGNORECASE)
FORMAT_BEFORE_ROWS = re.compile(rb"\bFORMAT\s+([A-Za-z0-9_]+)\s*(?:\n|\s(?=[\{\[\(]))", re.IGNORECASE)
DROP_SYNC = re.compile(r"^(\s*DROP\b.*?)\s+SYNC\s*;?\s*$", re.IGNORECASE | re.DOTALL)
CODE = re.compile(r"Code: (\d+)")
CHUNK = 1 << 20
# What a server takes of one parameter (its setting http_max_field_value_size).
FIELD_BYTES = 131072


class EngineError(Exception):
    """An exception of the engine: its code, its words, and the HTTP status that goes with it."""

    def __init__(self, code, message, status=None):
        super().__init__(message)
        self.code = code
        self.status = status or STATUS.get(code, 500)


def quote(value):
    """A string literal of ClickHouse's SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def checksum(data):
    """The 16 bytes before a compressed block."""
    value = CityHash128(data)
    return struct.pack("<QQ", value >> 64, value & (2**64 - 1))


def decompress_blocks(data):
    """What `decompress=1` sends: blocks of ClickHouse's own compression."""
    out, at = [], 0
    while at < len(data):
        sum_, (method, size, plain) = data[at:at + 16], struct.unpack("<BII", data[at + 16:at + 25])
        block = data[at + 16:at + 16 + size]
        if checksum(block) != sum_:
            raise EngineError(40, "Code: 40. DB::Exception: Checksum doesn't match: corrupted data. (CHECKSUM_DOESNT_MATCH)")
        if method == 0x82:
            out.append(lz4.block.decompress(block[9:], uncompressed_size=plain))
        elif method == 0x90:
            out.append(zstandard.ZstdDecompressor().decompress(block[9:], max_output_size=plain))
        elif method == 0x02:
            out.append(block[9:])
        else:
            raise EngineError(89, f"Code: 89. DB::Exception: Unknown compression method: {method}. (UNKNOWN_COMPRESSION_METHOD)")
        at += 16 + size
    return b"".join(out)


def compress_blocks(data):
    """What `compress=1` answers: LZ4 blocks of 1 MiB."""
    out = []
    for at in range(0, len(data), CHUNK):
        plain = data[at:at + CHUNK]
        packed = lz4.block.compress(plain, store_size=False)
        block = struct.pack("<BII", 0x82, len(packed) + 9, len(plain)) + packed
        out.append(checksum(block) + block)
    return b"".join(out)


def error_of(exception, version):
    """An exception of the package as the server would word it."""
    message = re.sub(r"^Streaming insert \w+ failed: ", "", str(exception))
    code = CODE.search(message)
    if "(version " not in message:
        message = f"{message} (version {version})"
    return EngineError(int(code.group(1)) if code else 1002, message)


class Statement:
    """One request, taken apart: the statement, its rows, its settings and its parameters."""

    def __init__(self, query, raw, accept_format):
        self.database = query.get("database")
        self.settings = {k: v for k, v in query.items() if k not in RESERVED and not k.startswith("param_")}
        self.params = {k[len("param_"):]: v for k, v in query.items() if k.startswith("param_")}
        self.sql, self.rows = self._split(query.get("query", ""), raw)
        self.insert = bool(INSERT.match(self.sql))
        found = FORMAT_AT_END.search(self.sql)
        self.bare = self.sql[:found.start()] if found else self.sql
        self.format = found.group(1) if found else None
        # Rows in a format that the statement names, as opposed to INSERT ... SELECT and rows written as VALUES.
        self.streams = bool(
            self.insert and found and (self.rows or not re.search(r"\b(SELECT|VALUES)\b", self.sql, re.IGNORECASE)))
        self.answer_format = self.format or query.get("default_format") or accept_format or "TabSeparated"

    @staticmethod
    def _split(sql, raw):
        """A statement may be in the address, in the body, or half in each; rows follow an INSERT."""
        if sql and INSERT.match(sql):
            return sql, raw
        whole = sql.encode() + (b"\n" if sql and raw else b"") + raw
        if not INSERT.match(whole[:4000].decode("utf8", "replace")):
            return whole.decode(), b""
        found = FORMAT_BEFORE_ROWS.search(whole)
        return (whole[:found.end()].decode(), whole[found.end():]) if found else (whole.decode(), b"")

    def text(self):
        """The statement in one text, with the rows that are no stream of their own."""
        if self.insert and self.rows:
            return self.sql.rstrip() + "\n" + self.rows.decode()
        return self.sql if self.insert else self.bare

    def text_from(self, file):
        """The statement with its rows in a file."""
        head, settings, tail = self.bare.partition(" SETTINGS ")
        return f"{head} FROM INFILE {quote(file)} COMPRESSION 'none'{settings}{tail} FORMAT {self.format}"


class ManyConnections:
    """Current engines: a connection for each request, and one that lasts for each `session_id`."""

    def __init__(self, path):
        self.path = path
        # Holds the engine open between requests.
        self.root = chdb_session.Session(path)
        self.version = bytes(self.root.query("SELECT version()", "TabSeparated").bytes()).decode().strip()
        self.sessions, self.lock = {}, threading.Lock()

    def run(self, statement, session_id):
        if session_id:
            with self.lock:
                if session_id not in self.sessions:
                    self.sessions[session_id] = (chdb_session.Session(self.path), threading.Lock())
                connection, turn = self.sessions[session_id]
            with turn:
                return self._run(connection, statement)
        connection = chdb_session.Session(self.path)
        try:
            return self._run(connection, statement)
        finally:
            connection.close()

    @staticmethod
    def _run(connection, statement):
        if statement.database:
            connection.query("USE `" + statement.database.replace("`", "``") + "`")
        if statement.settings:
            connection.query("SET " + ", ".join(f"{k}={quote(v)}" for k, v in statement.settings.items()))
        if statement.streams:
            # Not send_insert: what goes wrong when its rows are stored, a full disk for one, it does not say.
            with rows_in_a_file(statement) as file:
                result = connection.query(statement.text_from(file.name))
            return b"", written(result.rows_read(), len(statement.rows))
        result = connection.query(statement.text(), statement.answer_format, params=statement.params or None)
        return bytes(result.bytes() or b""), read(result)

    def close(self):
        self.root.close()


class OneConnection:
    """chdb 3.x: one connection for everybody. Settings are taken back after each request, and parameters are settings."""

    def __init__(self, path):
        self.root = chdb_session.Session(path)
        # Not Session.query, which loses the error of a statement without a result.
        self.connection = self.root._conn._conn
        self.lock = threading.Lock()
        self.version = bytes(self.connection.query("SELECT version()", "TabSeparated").bytes()).decode().strip()

    def run(self, statement, _session_id):
        parameters = {f"param_{k}": v for k, v in statement.params.items()}
        with self.lock:
            try:
                self._query("USE `" + (statement.database or "default").replace("`", "``") + "`")
                # Settings first: max_query_size bounds the statement that sets long parameters, too.
                for given in filter(None, (statement.settings, parameters)):
                    self._query("SET " + ", ".join(f"{k}={quote(v)}" for k, v in given.items()))
                if statement.streams:
                    return b"", self._insert(statement)
                # The engine of chdb 3.x waits for ever for a dropped table's files.
                text = DROP_SYNC.sub(r"\1", statement.text())
                result = self._query(text, statement.answer_format)
                return bytes(result.bytes() or b""), read(result)
            finally:
                for name in statement.settings:
                    try:
                        self._query(f"SET {name}=DEFAULT")
                    except RuntimeError:
                        pass  # a setting that the engine does not know, which was the error

    def _insert(self, statement):
        with rows_in_a_file(statement) as file:
            result = self._query(statement.text_from(file.name))
        return written(result.rows_read(), len(statement.rows))

    def _query(self, text, answer_format="TabSeparated"):
        result = self.connection.query(text, answer_format)
        if result.has_error():
            raise RuntimeError(result.error_message())
        return result

    def close(self):
        self.root.close()


@contextlib.contextmanager
def rows_in_a_file(statement):
    """Rows behind the statement would end at their first newline."""
    with tempfile.NamedTemporaryFile(prefix="clickhouse-rows-") as file:
        file.write(statement.rows)
        file.flush()
        yield file


def read(result):
    """The summary of a SELECT."""
    return {
        "read_rows": result.storage_rows_read(), "read_bytes": result.storage_bytes_read(), "written_rows": 0, "written_bytes": 0,
        "total_rows_to_read": 0, "result_rows": result.rows_read(), "result_bytes": result.bytes_read(),
    }


def written(rows, size):
    """The summary of an INSERT."""
    return {
        "read_rows": rows, "read_bytes": size, "written_rows": rows, "written_bytes": size,
        "total_rows_to_read": 0, "result_rows": rows, "result_bytes": size,
    }


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse-chdb"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        try:
            raw = self.read_body()
        except (ConnectionError, ValueError):
            self.close_connection = True
            return
        if url.path in ("/ping", "/replicas_status") or (url.path == "/" and not query and not raw):
            self.reply(200, b"Ok.\n")
            return
        if url.path != "/":
            self.reply(404, f"There is no handle {url.path}\n".encode())
            return
        headers = [
            ("X-ClickHouse-Query-Id", query.get("query_id") or str(uuid.uuid4())),
            ("X-ClickHouse-Timezone", "UTC"),
            ("X-ClickHouse-Server-Display-Name", "chdb"),
        ]
        start = time.monotonic_ns()
        engine = self.server.engine
        try:
            self.authenticate(query)
            statement = Statement(*self.unpack(query, raw), self.headers.get("X-ClickHouse-Format"))
            try:
                body, summary = engine.run(statement, query.get("session_id"))
            except RuntimeError as error:
                raise error_of(error, engine.version) from error
        except EngineError as error:
            self.reply(error.status, f"{error}\n".encode(), [*headers, ("X-ClickHouse-Exception-Code", str(error.code))])
            return
        except Exception as error:  # noqa: BLE001 - a fault of this file: the client is told, and so is the log
            traceback.print_exc()
            text = f"Code: 1002. DB::Exception: {error!r} (version {engine.version})\n"
            self.reply(500, text.encode(), [*headers, ("X-ClickHouse-Exception-Code", "1002")])
            return
        summary["elapsed_ns"] = time.monotonic_ns() - start
        headers += [
            ("X-ClickHouse-Format", statement.answer_format),
            ("X-ClickHouse-Summary", json.dumps({k: str(v) for k, v in summary.items()})),
            ("Content-Type", "text/plain; charset=UTF-8"),
        ]
        body, encoding = self.pack(query, body)
        self.reply(200, body, [*headers, *encoding])

    def read_body(self):
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            size = int(self.headers.get("Content-Length") or 0)
            return self.rfile.read(size) if size else b""
        out = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunk = self.rfile.read(size)
            if len(chunk) < size:
                raise ConnectionError("the body ended within a chunk")
            out.append(chunk)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(out)

    def unpack(self, query, raw):
        """The request's parameters and its body without its encodings."""
        encoding = (self.headers.get("Content-Encoding") or "").lower()
        if encoding == "gzip":
            raw = gzip.decompress(raw)
        elif encoding == "lz4":
            raw = lz4.frame.decompress(raw)
        elif encoding == "zstd":
            raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        if query.get("decompress") == "1":
            raw = decompress_blocks(raw)
        kind = self.headers.get("Content-Type") or ""
        if kind.startswith("multipart/form-data"):
            form = email.parser.BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
            raw = b""
            for part in form.get_payload():
                name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
                if len(value) > FIELD_BYTES and name != "query":
                    raise EngineError(1000, "Code: 1000. DB::Exception: HTML Form Exception: Field value too long. (POCO_EXCEPTION)")
                if name == "query":
                    raw = value
                else:
                    query[name] = value.decode()
        return query, raw

    def pack(self, query, body):
        """The answer as the client asked for it, and the header that says so."""
        if query.get("compress") == "1":
            return compress_blocks(body), []
        if query.get("enable_http_compression", "1") != "0":
            accepted = self.headers.get("Accept-Encoding", "")
            for name, compress in (
                    ("lz4", lz4.frame.compress), ("zstd", zstandard.ZstdCompressor().compress), ("gzip", gzip.compress)):
                if name in accepted:
                    return compress(body), [("Content-Encoding", name)]
        return body, []

    def authenticate(self, query):
        given = self.headers.get("Authorization") or ""
        user, password = self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key") or ""
        if user is None and given.startswith("Basic "):
            user, _, password = base64.b64decode(given[len("Basic "):]).decode().partition(":")
        if user is None:
            user, password = query.get("user", "default"), query.get("password", "")
        if self.server.users.get(user) != password:
            raise EngineError(
                516, f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, or there is no user "
                f"with such name. (AUTHENTICATION_FAILED) (version {self.server.engine.version})",
                403 if given or user != "default" else 401)

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        # A client that went away is nobody's business; anything else is.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--path", required=True, help="folder of the engine's data; one process at a time")
    options.add_argument("--config", help="a ClickHouse configuration file")
    options.add_argument("--port", type=int, default=8123)
    options.add_argument("--user", action="append", default=[], help="NAME:PASSWORD; without any, `default` needs no password")
    given = options.parse_args()

    path = given.path + (f"?config-file={given.config}" if given.config else "")
    many = hasattr(chdb_session.Session, "send_insert")
    server = Server(("127.0.0.1", given.port), Handler)
    server.users = dict(user.split(":", 1) for user in given.user) or {"default": ""}
    server.engine = ManyConnections(path) if many else OneConnection(path)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print("ready", server.server_address[1], server.engine.version, flush=True)
    server.serve_forever()
    server.engine.close()


if __name__ == "__main__":
    main()
