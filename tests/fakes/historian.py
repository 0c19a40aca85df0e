"""A place that takes events over HTTP and keeps them, in a thread of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from affinage.testing.waiting import PATIENCE_S


class Historian:
    """What it was told, in the order in which it came."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.url = ""
        self.is_open = True
        """It answers 503 while it is not."""
        self._came = threading.Condition()

    def take(self, body: bytes) -> int:
        with self._came:
            if self.is_open:
                self.told += json.loads(body)
                self._came.notify_all()
            return 200 if self.is_open else 503

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something of what it was told is so."""
        with self._came:
            assert self._came.wait_for(holds, PATIENCE_S), f"{len(self.told)} events came"


@contextmanager
def historian() -> Iterator[Historian]:
    kept = Historian()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = kept.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}/events"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kept
        server.shutdown()
        thread.join()
