"""What the server adds to the engine: the time a client sees until the first token, less the engine's own; and how long
short requests take.

Usage: overhead.py PORT MODEL PICTURE [--count 50]
"""

import argparse
import base64
import http.client
import json
import statistics
import time
from pathlib import Path


def main() -> None:
    """Asks one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--count", type=int, default=50)
    options = parser.parse_args()
    picture = Path(options.picture).read_bytes()
    url = "data:image/png;base64," + base64.b64encode(picture).decode()
    connection = http.client.HTTPConnection("127.0.0.1", options.port)
    headers = {"Content-Type": "application/json"}

    def body(**more: object) -> bytes:
        content = [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "text", "text": "What does the image say?"},
        ]
        return json.dumps(
            {"model": options.model, "messages": [{"role": "user", "content": content}], "max_tokens": 32, **more}
        ).encode()

    def spread(name: str, values: list[float]) -> None:
        values.sort()
        print(
            f"{name:42} median {statistics.median(values):7.2f} ms, p99 {values[int(len(values) * 0.99) - 1]:7.2f} ms"
        )

    added, seen = [], []
    for _ in range(options.count):
        start = time.perf_counter()
        connection.request(
            "POST",
            "/v1/chat/completions",
            # With log probabilities every token has its chunk, also one whose text is held back.
            body(stream=True, logprobs=True, stream_options={"include_visual_tokens": True}),
            headers,
        )
        response = connection.getresponse()
        first, timings = None, {}
        name = ""
        for line in response:
            text = line.decode().strip()
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: {"):
                value = json.loads(text[6:])
                if name == "visual_tokens.timings":
                    timings = value
                elif not name and first is None and value["choices"][0].get("logprobs"):
                    first = 1000 * (time.perf_counter() - start)
                name = ""
        seen.append(first)
        added.append(first - timings["ttft_ms"])
    spread("first token, as a client sees it", seen)
    spread("of that, added to the engine", added)

    def short(name: str, method: str, path: str, data: bytes | None = None) -> None:
        times = []
        for _ in range(4 * options.count):
            start = time.perf_counter()
            connection.request(method, path, data, headers if data else {})
            response = connection.getresponse()
            response.read()
            times.append(1000 * (time.perf_counter() - start))
        spread(f"{name} ({response.status})", times)

    short("GET /health/ready", "GET", "/health/ready")
    short("GET /metrics", "GET", "/metrics")
    short("GET /", "GET", "/")
    short("a refusal", "POST", "/v1/chat/completions", b"{}")
    size = json.dumps({"images": [{"width": 600, "height": 600}]}).encode()
    short("/v1/visual_tokens, by size", "POST", "/v1/visual_tokens", size)
    short("/v1/visual_tokens, with the picture", "POST", "/v1/visual_tokens", body())


main()
