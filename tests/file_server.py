"""A web server on this machine that hands out files, with faults on demand."""

from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path


class FileServer:
    """Serves ``files`` by the last part of the address.

    What is listed in ``faults`` goes wrong first, one fault a request: a status code; ``drop`` (no body), ``truncate``
    (the last bytes are missing), ``drip`` (a byte now and then, for ever), ``endless``, or an address to redirect to.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                server.asked[name] += 1
                fault = server.faults[name].pop(0) if server.faults.get(name) else ""
                body = server.files.get(name)
                if fault.isdigit() or body is None:
                    self.send_error(int(fault or 404))
                elif "://" in fault:
                    self.send_response(302)
                    self.send_header("Location", fault)
                    self.end_headers()
                else:
                    self.answer(fault, body)

            def answer(self, fault: str, body: bytes) -> None:
                self.send_response(200)
                if fault not in ("drip", "endless"):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    while fault in ("drip", "endless"):
                        self.wfile.write(b"x" if fault == "drip" else bytes(1 << 16))
                        time.sleep(0.01 if fault == "drip" else 0)
                    if fault != "drop":
                        self.wfile.write(body[:-7] if fault == "truncate" else body)
                except ConnectionError:
                    pass  # the other side has had enough

            def log_message(self, *_: object) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/data"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address at which the files below ``folder`` can be read, as any web server would hand them out."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
