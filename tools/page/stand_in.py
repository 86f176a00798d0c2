"""A stand-in for the server while the page is developed: serves its files and speaks its language with made-up answers.

    python3 tools/page/stand_in.py [--port 8090] [--api-key KEY] [--warm-up SECONDS] [--pace SECONDS]

Nothing here is a model. Questions that hold one of the words below get what the word says:
`slow` a slow answer, `hostile` Markdown that attacks the page, `refuse` a 400, `busy` a 429, `break` an answer that breaks off.
"""

import argparse
import base64
import hashlib
import json
import math
import pathlib
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILES = pathlib.Path(__file__).resolve().parents[2] / "Sources/Serving/Page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".png": "image/png", ".svg": "image/svg+xml",
}
CANVASES = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)]  # width, height
VIEW, SIDE = 336, 12
ANSWER = """The sign says **PARK**. It stands on a *plain* ground, with a circle beside it.

| part | tokens |
|---|---:|
| full view | 43 |
| tiles | 43 |

1. The letters are dark.
2. Nothing else is written:
   - no number
   - no second line

```swift
let answer = try await model.ask("What word is written?", about: picture)
print(answer)
```

More about the method at https://arxiv.org/abs/2408.10945."""
HOSTILE = """<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>
[click](javascript:window.harmed=1) [data](data:text/html,<script>1</script>) ![pixel](https://example.invalid/p.png)
[fine](https://example.org/) <https://example.org/> **bold *and [x](vbscript:1)** rest

<svg/onload=window.harmed=1> <a href="javascript:1">a</a> `<b>code</b>`"""


class Refusal(Exception):
    def __init__(self, status, message, code=None, **headers):
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers


def size_of(data):
    """Width and height of a PNG, or of a JPEG upright."""
    if data[:4] == b"\x89PNG":
        return struct.unpack(">II", data[16:24])
    if data[:2] == b"\xff\xd8":
        at, turned = 2, False
        while at + 9 < len(data):
            marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
            if marker == 0xE1 and b"\x01\x12\x00\x03" in data[at:at + length]:
                tag = data.index(b"\x01\x12\x00\x03", at)
                turned = struct.unpack(">H", data[tag + 8:tag + 10])[0] >= 5
            if 0xC0 <= marker <= 0xC3:
                height, width = struct.unpack(">HH", data[at + 5:at + 9])
                return (height, width) if turned else (width, height)
            at += 2 + length
    raise Refusal(400, "A picture is not a PNG or JPEG.", "invalid_image")


class Picture:
    """How a picture is cut, and a made-up attention over it."""

    def __init__(self, width, height):
        def fit(canvas):
            scale = min(canvas[0] / width, canvas[1] / height)
            used = min(int(width * scale) * int(height * scale), width * height)
            return used, -(canvas[0] * canvas[1] - used)

        self.width, self.height = width, height
        canvas = max(CANVASES, key=fit)
        scale = min(canvas[0] / width, canvas[1] / height)
        left, top = (canvas[0] - width * scale) / 2, (canvas[1] - height * scale) / 2
        self.rows, self.columns = canvas[1] // VIEW, canvas[0] // VIEW
        self.partitions = [{"x": 0, "y": 0, "width": width, "height": height}] + [
            {"x": (column * VIEW - left) / scale, "y": (row * VIEW - top) / scale, "width": VIEW / scale,
             "height": VIEW / scale}
            for row in range(self.rows) for column in range(self.columns)
        ]
        self.attention = [[self.strength(place, index) for index in range(SIDE * SIDE)] for place in range(len(self.partitions))]
        self.full = sum(sum(value is not None for value in view) for view in self.attention) + (
            SIDE * self.rows if self.rows else 0)

    def strength(self, place, index):
        bounds = self.partitions[place]
        x = (bounds["x"] + (index % SIDE + 0.5) * bounds["width"] / SIDE) / self.width
        y = (bounds["y"] + (index // SIDE + 0.5) * bounds["height"] / SIDE) / self.height
        if not (0 <= x < 1 and 0 <= y < 1):
            return None
        spots = [(0.25, 0.2), (0.7, 0.3), (0.5, 0.75)]
        near = max(math.exp(-((x - a) ** 2 + (y - b) ** 2) * 18) for a, b in spots)
        return min(255, int(200 * near + (index * 7919 + place * 104729) % 56))

    def select(self, budget):
        total = len(self.partitions) * SIDE * SIDE
        wanted = self.full if budget == "full" else min(self.tokens(budget, total), self.full)
        open_ = [[i for i, value in enumerate(view) if value is not None] for view in self.attention]
        if budget == "full":
            budgets = [len(each) for each in open_]
        else:
            first = min(wanted // 2, SIDE * SIDE)
            weights = [sum(self.attention[place][i] for i in open_[place]) for place in range(1, len(open_))]
            rest = wanted - first
            shares = [min(len(open_[n + 1]), int(rest * weight / max(1, sum(weights)))) for n, weight in enumerate(weights)]
            budgets = [first] + shares
            for place in sorted(range(len(budgets)), key=lambda each: -each):
                budgets[place] += min(wanted - sum(budgets), len(open_[place]) - budgets[place])
        kept = [
            sorted(sorted(tokens, key=lambda i: (-self.attention[place][i], i))[:budgets[place]])
            for place, tokens in enumerate(open_)
        ]
        weights = [sum(self.attention[place][i] for i in open_[place]) for place in range(1, len(open_))]
        return {
            "budget": wanted, "budgets": budgets, "scores": [each / max(1, sum(weights)) for each in weights], "kept": kept,
            "tokens_per_side": SIDE, "partitions": self.partitions,
            "attention": [[value or 0 for value in view] for view in self.attention],
        }

    @staticmethod
    def tokens(budget, total):
        if isinstance(budget, str) and budget.endswith("%"):
            return max(1, int(float(budget[:-1]) * total / 100))
        if budget == "auto":
            return total // 5
        if isinstance(budget, int) and budget > 0:
            return budget
        raise Refusal(400, f"visual_tokens.budget is {budget!r}: give a percentage, a number of tokens, full or auto.")

    def counts(self, digest, budget, with_selection):
        selection = self.select(budget)
        kept = self.full if budget == "full" else sum(map(len, selection["kept"]))
        answer = {
            "digest": digest, "width": self.width, "height": self.height, "full": self.full, "kept": kept, "budget": budget,
            "grid": {"rows": self.rows, "columns": self.columns},
            "tiles": [{"index": place, **bounds} for place, bounds in enumerate(self.partitions)],
        }
        return {**answer, "selection": selection} if with_selection else answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    known = {}
    requests = []
    cancelled = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
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
            return self.json({"error": {"message": f"{path} is not here.", "type": "not_found", "param": None, "code": None}}, 404)
        self.answer(200, file.read_bytes(), TYPES[file.suffix])

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        raw = self.rfile.read(length)
        routes = {"/v1/visual_tokens": self.visual_tokens, "/v1/chat/completions": self.chat}
        route = routes.get(self.path)
        if not route:
            return self.json({"error": {"message": "Not here.", "code": None}}, 404)
        self.guarded(lambda: route(json.loads(raw)))

    def guarded(self, work):
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

    def answer(self, status, data, kind, headers=None):
        self.send_response(status)
        for name, value in {
            "content-type": kind, "content-length": len(data), "content-security-policy": POLICY,
            "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-cache",
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def json(self, value, status=200, headers=None):
        self.answer(status, json.dumps(value).encode(), "application/json", headers)

    def pictures(self, body):
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

    def visual_tokens(self, body):
        budget = (body.get("visual_tokens") or {}).get("budget", "20%")
        images = [picture.counts(digest, budget, body.get("select")) for digest, picture in self.pictures(body)]
        tokens = sum(image["kept"] for image in images)
        self.json({"model": MODEL["id"], "images": images, "prompt_tokens": tokens + 12, "context_length": 4096,
                   "fits": tokens + 12 <= 4096})

    def event(self, value, name=None):
        data = value if isinstance(value, str) else json.dumps(value)
        text = f"{f'event: {name}' + chr(10) if name else ''}data: {data}\n\n".encode()
        # Cut anywhere, as networks do.
        for part in (text[:len(text) // 2], text[len(text) // 2:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()

    def chat(self, body):
        options = body.get("visual_tokens") or {}
        budget = options.get("budget", "20%")
        pictures = self.pictures(body)
        last = body["messages"][-1]["content"]
        words = last if isinstance(last, str) else "".join(part.get("text", "") for part in last)
        Handler.requests.append({**body, "messages": len(body["messages"]), "pictures": [
            [digest, picture.width, picture.height] for digest, picture in pictures]})
        if "refuse" in words:
            raise Refusal(400, "The prompt has 5,120 tokens, the model reads 4,096: lower visual_tokens.budget.", "context_length_exceeded")
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
        for name, value in (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), ("cache-control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        start = time.monotonic()
        self.event({"queue_place": 2 if "slow" in words else 0}, "visual_tokens.accepted")
        time.sleep(3 * pace)
        self.event({"queue_place": 0}, "visual_tokens.accepted")
        self.event({"prompt_tokens": kept + 30, "image_tokens": {"full": full, "planned": kept}}, "visual_tokens.counted")
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
        delta = lambda value, reason=None: {**chunk, "choices": [{"index": 0, "delta": value, "finish_reason": reason}]}
        self.event(delta({"role": "assistant", "content": ""}))
        first = time.monotonic()
        pieces = [text[at:at + 5] for at in range(0, len(text), 5)]
        for place, piece in enumerate(pieces):
            if "break" in words and place == 9:
                self.event({"error": {"message": "The model's step failed.", "type": "internal", "param": None, "code": None}})
                self.wfile.write(b"0\r\n\r\n")
                return
            self.event(delta({"content": piece}))
            time.sleep(pace)
        self.event(delta({}, "stop"))
        spent = lambda one, other: round((other - one) * 1000, 3)
        now = time.monotonic()
        usage = {
            "prompt_tokens": total, "completion_tokens": len(pieces), "total_tokens": total + len(pieces),
            "prompt_tokens_details": {"cached_tokens": 0},
            "image_tokens": {"full": full, "kept": kept, "budget": kept, "budget_lowered": False},
        }
        self.event({**chunk, "choices": [], "usage": usage})
        self.event({"vision_ms": spent(vision, prefill), "select_ms": 1.5, "prefill_ms": spent(prefill, first),
                    "ttft_ms": spent(start, first), "decode_ms": spent(first, now), "total_ms": spent(start, now),
                    "tokens_per_second": len(pieces) / (now - first)}, "visual_tokens.timings")
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")


MODEL = {
    "id": "stand-in", "object": "model", "created": 1, "owned_by": "hired",
    "hired": {
        "budget": "20%", "strategies": ["hired", "uniform", "spatial", "random"],
        "allocations": ["paper", "even", "released-code"], "max_images": 8, "max_body_bytes": 50_000_000,
        "max_pixels": 60_000_000, "context_length": 4096,
        "defaults": {"temperature": 0, "top_p": 1, "max_tokens": 512, "strategy": "hired", "allocation": "paper", "alpha": 0.5},
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--api-key")
    parser.add_argument("--warm-up", type=float, default=0)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between the parts of an answer")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.options, server.started = options, time.monotonic()
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
