"""A TCP proxy in front of an engine, which misbehaves on demand."""

import asyncio
import random
import socket
import struct
import threading

# Words of ClickHouse for a disk without room, code 243.
NO_SPACE = "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"


def http_error(text: str, code: int) -> bytes:
    body = text.encode() + b"\n"
    head = f"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: {code}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


ANSWERS = {
    "error-500": http_error("Code: 999. DB::Exception: Session expired. (KEEPER_EXCEPTION)", 999),
    "disk-full": http_error(NO_SPACE, 243),
}


class FaultProxy:
    """Forwards to `target` while it is in the mode `pass`.

    `refuse` closes the listener and every connection, `reset` accepts and resets, `hang` accepts and never answers, `slow` takes
    `delay_s` for every piece of an answer, `lossy` resets the connection in place of a third of an answer's pieces, after the
    request was carried out, `error-500` and `disk-full` answer every HTTP request with an error of the engine.
    """

    def __init__(self, host: str, port: int, delay_s: float = 0.5):
        self.target, self.delay_s, self.mode = (host, port), delay_s, "pass"
        self.connections, self.server = set(), None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.port = 0
        self._call(self._listen())

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def set(self, mode: str):
        self._call(self._set(mode))

    def retarget(self, host: str, port: int):
        """Sends new connections elsewhere, and ends the old ones."""
        self.target = (host, port)
        self._call(self._set(self.mode))

    def stop(self):
        self._call(self._set("refuse"))
        # Connections that are still open end with the loop.
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def _listen(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _set(self, mode: str):
        before, self.mode = self.mode, mode
        if mode == "refuse" and self.server:
            self.server.close()
            self.server = None
        # A connection that hangs or is slow is one that was open before; every other fault ends it.
        if mode not in ("hang", "slow") or before in ("hang", "refuse"):
            for writer in list(self.connections):
                reset(writer)
        if mode != "refuse" and self.server is None:
            await self._listen()

    async def _serve(self, reader, writer):
        self.connections.add(writer)
        try:
            if self.mode == "reset":
                reset(writer)
            elif self.mode in ANSWERS:
                await reader.read(1 << 16)
                writer.write(ANSWERS[self.mode])
                await writer.drain()
                # What is left of the request is read, so that the answer is not lost to a reset.
                while await asyncio.wait_for(reader.read(1 << 16), 1):
                    pass
            else:
                await self._forward(reader, writer)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    async def _forward(self, reader, writer):
        await self._until_not_hanging()
        up_reader, up_writer = await asyncio.open_connection(*self.target)
        self.connections.add(up_writer)
        pumps = [asyncio.ensure_future(self._pump(reader, up_writer, False)), asyncio.ensure_future(self._pump(up_reader, writer, True))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self.connections.discard(up_writer)
            up_writer.close()

    async def _pump(self, reader, writer, answers: bool):
        while data := await reader.read(1 << 16):
            await self._until_not_hanging()
            if answers and self.mode == "slow":
                await asyncio.sleep(self.delay_s)
            if answers and self.mode == "lossy" and random.random() < 1 / 3:
                return reset(writer)
            writer.write(data)
            await writer.drain()

    async def _until_not_hanging(self):
        while self.mode == "hang":
            await asyncio.sleep(0.05)


def reset(writer):
    sock = writer.get_extra_info("socket")
    # One whose end has just been seen is closed already.
    if sock and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Balancer(FaultProxy):
    """Gives each new connection to the next backend that accepts one."""

    def __init__(self, ports: list[int]):
        self.ports, self.turn = ports, 0
        super().__init__("127.0.0.1", ports[0])

    async def _serve(self, reader, writer):
        self.turn += 1
        for n in range(len(self.ports)):
            port = self.ports[(self.turn + n) % len(self.ports)]
            try:
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            # Both ways to their ends: an answer may be on its way when the other side has said its last.
            await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer), return_exceptions=True)
            break
        writer.close()


async def copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
