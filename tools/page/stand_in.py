"""A stand-in for the server while the page is developed: serves its files and speaks its language with made-up answers.

    python3 tools/page/stand_in.py [--port 8090] [--api-key KEY] [--warm-up SECONDS] [--pace SECONDS] [--server URL]

With `--server` the files come from here and everything else from a server that runs: a page that is being changed needs
no build.

Nothing here is a model. Questions that hold one of the words below get what the word says:
`slow` a slow answer, `hostile` Markdown that attacks the page, `refuse` a 400, `busy` a 429, `break` an answer that
breaks off.
"""

import argparse
import base64
import hashlib
import http.client
import json
import pathlib
import time
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from made_up import ANSWER, HOSTILE, MODEL, Picture, Refusal, size_of

FILES = pathlib.Path(__file__).resolve().parents[2] / "Sources/Serving/Page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    known: ClassVar[dict[str, Picture]] = {}
    requests: ClassVar[list[dict[str, Any]]] = []
    cancelled: ClassVar[int] = 0

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Files, health, models."""
        path = self.path.split("?")[0]
        if self.server.options.server and path != "/" and not path.startswith("/page/"):
            return self.pass_on()
        if path == "/health/ready":
            ready = time.monotonic() - self.server.started >= self.server.options.warm_up
            return self.json({"status": "ready" if ready else "warming"}, 200 if ready else 503)
        if path == "/stand-in":
            return self.json({"cancelled": Handler.cancelled, "requests": Handler.requests[-8:]})
        if path == "/v1/models":
            return self.guarded(lambda: self.json({"object": "list", "data": [MODEL]}))
        name = "index.html" if path == "/" else path.removeprefix("/page/")
        file = FILES / name
        if "/" in name or not file.is_file() or file.suffix not in TYPES:
            return self.json(
                {"error": {"message": f"{path} is not here.", "type": "not_found", "param": None, "code": None}}, 404
            )
        self.answer(200, file.read_bytes(), TYPES[file.suffix])

    def do_POST(self) -> None:
        """Counts and answers."""
        if self.server.options.server:
            return self.pass_on()
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        routes = {"/v1/visual_tokens": self.visual_tokens, "/v1/chat/completions": self.chat}
        route = routes.get(self.path)
        if not route:
            return self.json({"error": {"message": "Not here.", "code": None}}, 404)
        self.guarded(lambda: route(json.loads(raw)))

    def pass_on(self) -> None:
        """Asks the server that runs, and gives its answer on as it comes."""
        there = urllib.parse.urlsplit(self.server.options.server)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in ("host", "origin", "connection")
        }
        connection = http.client.HTTPConnection(there.hostname, there.port, timeout=120)
        self.close_connection = True
        try:
            connection.request(self.command, self.path, body or None, kept)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            while part := answer.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            Handler.cancelled += 1
        finally:
            connection.close()

    def guarded(self, work: Callable[[], None]) -> None:
        """Does the work; refusals become errors, a client that has gone is counted."""
        try:
            key = self.server.options.api_key
            if key and self.headers.get("authorization") != f"Bearer {key}":
                raise Refusal(401, "The API key is missing or wrong.", "invalid_api_key")
            work()
        except Refusal as refusal:
            error = {"message": refusal.message, "type": "invalid_request_error", "param": None, "code": refusal.code}
            self.json({"error": error}, refusal.status, refusal.headers)
        except (BrokenPipeError, ConnectionResetError):
            Handler.cancelled += 1
            self.close_connection = True

    def answer(self, status: int, data: bytes, kind: str, headers: dict[str, Any] | None = None) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {
            "content-type": kind,
            "content-length": len(data),
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-cache",
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def json(self, value: Any, status: int = 200, headers: dict[str, Any] | None = None) -> None:
        """An answer in JSON."""
        self.answer(status, json.dumps(value).encode(), "application/json", headers)

    def pictures(self, body: dict[str, Any]) -> list[tuple[str | None, Picture]]:
        """(digest, picture) of every picture of a body."""
        found = []
        for image in body.get("images") or []:
            if "digest" in image:
                if image["digest"] not in Handler.known:
                    raise Refusal(404, "The picture of this digest is not known (any more).", "unknown_digest")
                found.append((image["digest"], Handler.known[image["digest"]]))
            else:
                found.append((None, Picture(image["width"], image["height"])))
        for message in body.get("messages") or []:
            for part in message["content"] if isinstance(message["content"], list) else []:
                if part["type"] == "image_url":
                    data = base64.b64decode(part["image_url"]["url"].split(",", 1)[1])
                    digest = "sha256:" + hashlib.sha256(data).hexdigest()
                    if digest not in Handler.known:
                        Handler.known[digest] = Picture(*size_of(data))
                    found.append((digest, Handler.known[digest]))
        return found

    def visual_tokens(self, body: dict[str, Any]) -> None:
        """Counts, and selections where they are asked for."""
        budget = (body.get("visual_tokens") or {}).get("budget", "20%")
        images = [picture.counts(digest, budget, body.get("select")) for digest, picture in self.pictures(body)]
        tokens = sum(image["kept"] for image in images)
        self.json(
            {
                "model": MODEL["id"],
                "images": images,
                "prompt_tokens": tokens + 12,
                "context_length": 4096,
                "fits": tokens + 12 <= 4096,
            }
        )

    def event(self, value: Any, name: str | None = None) -> None:
        """One event of a stream."""
        data = value if isinstance(value, str) else json.dumps(value)
        text = f"{f'event: {name}' + chr(10) if name else ''}data: {data}\n\n".encode()
        # Cut anywhere, as networks do.
        for part in (text[: len(text) // 2], text[len(text) // 2 :]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()

    def chat(self, body: dict[str, Any]) -> None:
        """An answer, piece by piece."""
        options = body.get("visual_tokens") or {}
        budget = options.get("budget", "20%")
        pictures = self.pictures(body)
        last = body["messages"][-1]["content"]
        words = last if isinstance(last, str) else "".join(part.get("text", "") for part in last)
        Handler.requests.append(
            {
                **body,
                "messages": len(body["messages"]),
                "pictures": [[digest, picture.width, picture.height] for digest, picture in pictures],
            }
        )
        if "refuse" in words:
            raise Refusal(
                400,
                "The prompt has 5,120 tokens, the model reads 4,096: lower visual_tokens.budget.",
                "context_length_exceeded",
            )
        if "busy" in words:
            raise Refusal(429, "The queue is full (64 requests).", "overloaded", **{"retry-after": 7})
        pace = self.server.options.pace * (12 if "slow" in words else 1)
        text = HOSTILE if "hostile" in words else ANSWER
        selections = [picture.select(budget) for _, picture in pictures]
        kept = sum(len(each) for selection in selections for each in selection["kept"])
        full = sum(picture.full for _, picture in pictures)
        if budget == "full":
            kept = full
        self.send_response(200)
        for name, value in (
            ("content-type", "text/event-stream"),
            ("transfer-encoding", "chunked"),
            ("cache-control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        start = time.monotonic()
        self.event({"queue_place": 2 if "slow" in words else 0}, "visual_tokens.accepted")
        time.sleep(3 * pace)
        self.event({"queue_place": 0}, "visual_tokens.accepted")
        self.event(
            {"prompt_tokens": kept + 30, "image_tokens": {"full": full, "planned": kept}}, "visual_tokens.counted"
        )
        vision = time.monotonic()
        for place, selection in enumerate(selections):
            views = len(selection["budgets"])
            for view in range(views):
                self.event({"picture": place, "view": view + 1, "views": views}, "visual_tokens.encoding")
                time.sleep(2 * pace)
            self.event({"picture": place, "selection": selection}, "visual_tokens.selected")
        prefill = time.monotonic()
        total = kept + 30
        for done in range(0, total, 64):
            self.event({"done": done, "total": total}, "visual_tokens.prefill")
            time.sleep(pace)
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL["id"]}

        def delta(value: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
            return {**chunk, "choices": [{"index": 0, "delta": value, "finish_reason": reason}]}

        self.event(delta({"role": "assistant", "content": ""}))
        first = time.monotonic()
        pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
        for place, piece in enumerate(pieces):
            if "break" in words and place == 9:
                self.event(
                    {"error": {"message": "The model's step failed.", "type": "internal", "param": None, "code": None}}
                )
                self.wfile.write(b"0\r\n\r\n")
                return
            self.event(delta({"content": piece}))
            time.sleep(pace)
        self.event(delta({}, "stop"))

        def spent(one: float, other: float) -> float:
            return round((other - one) * 1000, 3)

        now = time.monotonic()
        usage = {
            "prompt_tokens": total,
            "completion_tokens": len(pieces),
            "total_tokens": total + len(pieces),
            "prompt_tokens_details": {"cached_tokens": 0},
            "image_tokens": {"full": full, "kept": kept, "budget": kept, "budget_lowered": False},
        }
        self.event({**chunk, "choices": [], "usage": usage})
        self.event(
            {
                "vision_ms": spent(vision, prefill),
                "select_ms": 1.5,
                "prefill_ms": spent(prefill, first),
                "ttft_ms": spent(start, first),
                "decode_ms": spent(first, now),
                "total_ms": spent(start, now),
                "tokens_per_second": len(pieces) / (now - first),
            },
            "visual_tokens.timings",
        )
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--api-key")
    parser.add_argument("--warm-up", type=float, default=0)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between the parts of an answer")
    parser.add_argument("--server", help="a server that runs, for everything but the page's files")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.options, server.started = options, time.monotonic()
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
