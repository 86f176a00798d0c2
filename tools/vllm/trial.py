"""Tries a `hired serve` whose language model is on vLLM: many at once, and clients that leave.

Usage: trial.py BASE_URL SAMPLES [METRICS_URL]   (BASE_URL of hired ends with /v1; METRICS_URL is vLLM's /metrics)
"""

import base64
import concurrent.futures
import http.client
import json
import pathlib
import sys
import time
import urllib.parse
import urllib.request


def post(base: str, body: dict) -> dict:
    """The whole answer of a chat completion."""
    request = urllib.request.Request(
        base + "/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


def body(samples: pathlib.Path, number: int, budget: str, tokens: int = 32) -> dict:
    """A question about one of the samples."""
    entries = json.loads((samples / "questions.json").read_text())
    entry = entries[number % len(entries)]
    question = entry["questions"][number % len(entry["questions"])]["question"]
    picture = base64.b64encode((samples / entry["image"]).read_bytes()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + picture}},
        {"type": "text", "text": question},
    ]
    return {
        "model": "demo",
        "messages": [{"role": "user", "content": content}],
        "max_tokens": tokens,
        "temperature": 0,
        "visual_tokens": {"budget": budget},
    }


def gauge(url: str, name: str) -> float:
    """A number of vLLM's metrics, over all its labels."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def leave(base: str, samples: pathlib.Path, metrics: str) -> None:
    """Asks for a long answer, reads a few tokens, and goes."""
    question = body(samples, 0, "20%", 4000) | {"stream": True}
    # No end of sequence: only leaving ends it.
    question["messages"][0]["content"][1]["text"] = "Count from one to a thousand."
    question["temperature"] = 1.9
    place = urllib.parse.urlparse(base)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    connection.request(
        "POST", place.path + "/chat/completions", json.dumps(question), {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    answer.read(400)
    running = gauge(metrics, "vllm:num_requests_running")
    connection.sock.close() if connection.sock else answer.close()
    answer.close()
    start = time.monotonic()
    while gauge(metrics, "vllm:num_requests_running") > 0 and time.monotonic() - start < 30:
        time.sleep(0.05)
    seconds = time.monotonic() - start
    print(f"a client that left: {running:.0f} running before, none {seconds:.2f} s after")


def main() -> None:
    """32 at once against one by one, then a client that leaves."""
    base, samples = sys.argv[1], pathlib.Path(sys.argv[2])
    budgets = ["full", "40%", "20%", "10%"]
    bodies = [body(samples, number, budgets[number % 4]) for number in range(32)]
    alone = [post(base, one) for one in bodies]
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda one: post(base, one), bodies))
    seconds = time.monotonic() - start
    pairs = list(zip(alone, together, strict=True))
    same = sum(
        one["choices"][0]["message"]["content"] == other["choices"][0]["message"]["content"]
        and one["usage"]["prompt_tokens"] == other["usage"]["prompt_tokens"]
        for one, other in pairs
    )
    print(f"32 at once: {same} of 32 answers as alone, in {seconds:.1f} s")
    if len(sys.argv) > 3:
        leave(base, samples, sys.argv[3])
    sys.exit(0 if same == 32 else 1)


if __name__ == "__main__":
    main()
