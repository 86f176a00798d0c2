"""How long short requests take while the server reads prompts: p99 of health, metrics, refusals and counts.

Usage: beside.py PORT MODEL PICTURE [--count 200]   (pip install Pillow)

PICTURE is asked about over and over, each time with another pixel changed, so that something is always being encoded or
read; a large model shows most.
"""

import argparse
import base64
import http.client
import io
import json
import random
import statistics
import threading
import time
from pathlib import Path

from PIL import Image

PROMPTS = 3


def data_url(picture: Image.Image) -> str:
    """A picture as PNG, with a pixel that no other has."""
    changed = picture.copy()
    changed.putpixel((random.randrange(picture.width), 0), tuple(random.randbytes(3)))
    file = io.BytesIO()
    changed.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def main() -> None:
    """Measures the kinds in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    picture = Image.open(Path(options.picture)).convert("RGB")
    small = picture.resize((600, 600))
    ended = threading.Event()
    answered = 0

    def messages(url: str) -> list[dict]:
        parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What does the image say?"}]
        return [{"role": "user", "content": parts}]

    def ask() -> None:
        nonlocal answered
        while not ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=600)
            body = {"model": options.model, "messages": messages(data_url(picture)), "max_tokens": 1}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            answered += connection.getresponse().status == 200

    asking = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in asking:
        thread.start()
    time.sleep(1)
    connection = http.client.HTTPConnection("127.0.0.1", options.port)

    def call(method: str, path: str, body: dict | None = None) -> tuple[int, bytes, float]:
        text = json.dumps(body) if body is not None else None
        start = time.perf_counter()
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        response = connection.getresponse()
        answer = response.read()
        return response.status, answer, 1000 * (time.perf_counter() - start)

    first = call("POST", "/v1/visual_tokens", {"messages": messages(data_url(small))})
    digest = json.loads(first[1])["images"][0]["digest"]
    kinds = {
        "GET /health/ready": lambda: call("GET", "/health/ready"),
        "GET /metrics": lambda: call("GET", "/metrics"),
        "a refusal": lambda: call("POST", "/v1/chat/completions", {}),
        "/v1/visual_tokens by size": lambda: call(
            "POST", "/v1/visual_tokens", {"images": [{"width": 600, "height": 600}]}
        ),
        "/v1/visual_tokens, known picture": lambda: call("POST", "/v1/visual_tokens", {"images": [{"digest": digest}]}),
        "/v1/visual_tokens, new 600×600": lambda: call(
            "POST", "/v1/visual_tokens", {"messages": messages(data_url(small))}
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    statuses: dict[str, set[int]] = {name: set() for name in kinds}
    # In turns and with pauses, until whole prompts went by: through the tower's work and the language model's.
    rounds = 0
    while rounds < options.count or answered < PROMPTS:
        for name, make in kinds.items():
            status, _, milliseconds = make()
            times[name].append(milliseconds)
            statuses[name].add(status)
        time.sleep(0.1)
        rounds += 1
    for name, each in times.items():
        each.sort()
        p99 = each[max(0, int(len(each) * 0.99) - 1)]
        print(f"{name:34} {sorted(statuses[name])} median {statistics.median(each):6.1f} ms, p99 {p99:6.1f} ms")
    print(f"{rounds} calls of each; {answered} prompts were answered meanwhile")
    ended.set()


main()
