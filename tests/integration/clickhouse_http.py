"""ClickHouse's HTTP interface in front of the embedded engine, that can be told to misbehave.

The engine is the real one; only the transport is played: requests are executed as they come, and may be held back, or
their answers lost, as on a bad network. An insert held back is among the running ones, as a server has it from the head of
its request on.
"""

import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import chdb


class ClickHouseHttp:
    """Serves one engine on a fixed port of loopback; `up` and `down` come and go, the data stays."""

    def __init__(self, path: str) -> None:
        """Open the engine in `path` and take a free port."""
        self.engine = chdb.connect(path)
        self.lock = threading.Lock()
        self.inserts = 0
        self.answers_to_lose = 0
        self.answers_lost = 0
        self.inserts_to_hold = 0
        self.inserts_held = 0
        self.asked_running = threading.Event()
        self.release = threading.Event()
        self.held_done = threading.Event()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self.up()

    @property
    def dsn(self) -> str:
        """Where a client finds the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def listening(self) -> bool:
        """Whether requests are taken; connections made before are cut with the rest."""
        return self._server is not None

    def up(self) -> None:
        """Listen."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        server.daemon_threads = True
        self.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()

    def close(self) -> None:
        """Stop serving and close the engine."""
        self.down()
        with self.lock:
            self.engine.close()

    def query(self, sql: str) -> list[str]:
        """Ask the engine directly; return the lines of the answer."""
        with self.lock:
            return self.engine.query(sql, "TabSeparated").bytes().decode().splitlines()

    def execute(self, statement: bytes) -> bytes:
        """Execute a statement, an INSERT with its data after it; return the result in the form that was asked for."""
        with self.lock:
            head, separator, data = statement.partition(b"FORMAT Native\n")
            if not head.lstrip().startswith(b"INSERT") or not separator:
                return self._answer(statement)
            with tempfile.NamedTemporaryFile(suffix=".native") as file:
                file.write(data)
                file.flush()
                settings = "SETTINGS async_insert = 0, max_insert_threads = 1"
                self.engine.query(f"{head.decode()} FROM INFILE '{file.name}' {settings} FORMAT Native", "TabSeparated")
            return b""

    def _answer(self, sql: bytes) -> bytes:
        text = sql.decode().strip()
        if "FROM system.processes" in text:
            text = text.replace("count()", f"count() + {self.inserts_held}")
            self.asked_running.set()
        form = "Native" if text.endswith("FORMAT Native") else "TabSeparated"
        return bytes(self.engine.query(text, form).bytes() or b"")


def _handler(front: ClickHouseHttp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond(b"")

        def do_POST(self) -> None:
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            self._respond(self._chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _chunks(self) -> bytes:
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _respond(self, body: bytes) -> None:
            if not front.listening:
                self.close_connection = True
                return
            sql = parse_qs(urlsplit(self.path).query).get("query", [""])[0].encode()
            statement = sql + b"\n" + body if sql else body
            is_insert = statement.lstrip().startswith(b"INSERT")
            if is_insert:
                front.inserts += 1
            held = is_insert and front.inserts_to_hold > 0
            if held:
                front.inserts_to_hold -= 1
                front.inserts_held += 1
                front.release.wait(30)
            try:
                answer, status = front.execute(statement), 200
            except RuntimeError as error:
                answer, status = str(error).encode(), 500
            if held:
                front.inserts_held -= 1
                front.held_done.set()
            if is_insert and front.answers_to_lose > 0:
                front.answers_to_lose -= 1
                front.answers_lost += 1
                self.close_connection = True
                return
            self._send(status, answer)

        def _send(self, status: int, answer: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("X-ClickHouse-Format", "TabSeparated")
                if status != 200:
                    self.send_header("X-ClickHouse-Exception-Code", "1000")
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    return Handler
