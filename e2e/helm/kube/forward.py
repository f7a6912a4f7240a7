"""`kubectl port-forward`: SPDY/3.1 over an upgraded connection, as far as forwarding one port of a pod needs it.

For each connection kubectl opens a stream for errors and then one for data. Which port they are for stands in headers that are
packed with a dictionary; it is not read here, because a pod of a test has one port behind it.
"""

import socket
import struct
import threading
import zlib

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1


class Forwarding:
    """One upgraded connection; returns from `run` when the client goes."""

    def __init__(self, client: socket.socket, port: int):
        self.client, self.port = client, port
        self.writing = threading.Lock()
        self.headers = zlib.compressobj()
        self.targets: dict[int, socket.socket] = {}
        self.seen = 0

    def run(self):
        while (head := self.read(8)) is not None:
            first, second = struct.unpack(">II", head)
            flags, body = second >> 24, self.read(second & 0xFFFFFF)
            if body is None:
                break
            if not first & 0x80000000:
                self.data(first, flags, body)
            elif (kind := first & 0xFFFF) == SYN_STREAM:
                self.opened(struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF)
            elif kind == PING:
                self.control(PING, 0, body)
            elif kind == RST_STREAM:
                self.ended(struct.unpack(">I", body[:4])[0])
            elif kind == GOAWAY:
                break
        for target in self.targets.values():
            target.close()

    def read(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self.client.recv(size - len(data))
            except OSError:
                return None
            if not part:
                return None
            data += part
        return data

    def control(self, kind: int, flags: int, body: bytes):
        with self.writing:
            self.client.sendall(struct.pack(">HHI", 0x8003, kind, flags << 24 | len(body)) + body)

    def opened(self, stream: int):
        """Answers with no headers; every second stream is one for data."""
        none = self.headers.compress(struct.pack(">I", 0)) + self.headers.flush(zlib.Z_SYNC_FLUSH)
        self.control(SYN_REPLY, 0, struct.pack(">I", stream) + none)
        self.seen += 1
        if self.seen % 2 == 0:
            target = self.targets[stream] = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.back, args=(stream, target), daemon=True).start()

    def data(self, stream: int, flags: int, body: bytes):
        target = self.targets.get(stream)
        if target is None:
            return
        if body:
            target.sendall(body)
        if flags & FIN:
            target.shutdown(socket.SHUT_WR)

    def back(self, stream: int, target: socket.socket):
        try:
            while part := target.recv(32768):
                self.send(stream, 0, part)
            self.send(stream, FIN, b"")
            # The stream for errors ends without one.
            self.send(stream - 2, FIN, b"")
        except OSError:
            pass

    def send(self, stream: int, flags: int, body: bytes):
        with self.writing:
            self.client.sendall(struct.pack(">II", stream, flags << 24 | len(body)) + body)

    def ended(self, stream: int):
        target = self.targets.pop(stream, None)
        if target is not None:
            target.close()
