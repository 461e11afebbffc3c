"""Behind TLS the raw socket is not ours to write to: messages go through tornado, and arrive just the same."""

from __future__ import annotations

import json
import ssl

import trustme
from tornado.httpserver import HTTPServer
from websockets.asyncio.client import connect

from autobench_nb.sync.effects import Broadcast, Outgoing
from autobench_nb.transports.listening import bind
from autobench_nb.transports.sockets.direct import DirectWriter, choose_writer
from autobench_nb.transports.sockets.wire import PLAIN
from autobench_nb.transports.sockets.writer import MessageWriter
from tests.transports.conftest import TOKEN, Start, hello

SIZES = (0, 1, 125, 126, 65_535, 65_536, 2_000_000, 3)


async def test_tls_falls_back_to_write_message(start: Start) -> None:
    bench = await start()
    authority = trustme.CA()
    served, trusted = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusted)
    tls = HTTPServer(bench.server._http.request_callback, ssl_options=served)
    (socket,) = bind("127.0.0.1", 0)
    port = socket.getsockname()[1]
    tls.add_sockets([socket])
    headers = {"Authorization": f"Bearer {TOKEN}"}
    texts = [json.dumps({"n": n, "x": "ab" * (size // 2)}) for n, size in enumerate(SIZES)]
    pump = bench.server._pump
    async with (
        connect(
            f"wss://127.0.0.1:{port}/ws",
            ssl=trusted,
            additional_headers=headers,
            max_size=None,
            proxy=None,
        ) as secured,
        bench.connect() as plain,
    ):
        await hello(secured)
        await hello(plain)
        assert {type(link) for link in pump.links} == {MessageWriter, DirectWriter}
        for text in texts:
            said = [Broadcast(tuple(pump._links), Outgoing("test", text.encode()))]
            pump.thread.call(pump.perform, said)
        for client in (secured, plain):
            got: list[str] = []
            while len(got) < len(texts):
                message = await client.recv()
                assert isinstance(message, str)
                if message.startswith('{"n"'):
                    got.append(message)
            assert got == texts
    tls.stop()
    await tls.close_all_connections()


def test_what_is_no_connection_of_the_known_kind_is_left_to_tornado() -> None:
    assert choose_writer(object()) == (MessageWriter, PLAIN)
