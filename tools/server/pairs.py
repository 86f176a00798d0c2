"""The server beside the bare engine: time to the first token and tokens a second, in turns on the same machine.

Usage: pairs.py HIRED FOLDER PORT MODEL [--pairs 20] [--budget 20%]   (pip install Pillow)

HIRED serves FOLDER at PORT as MODEL. Each turn starts `HIRED bench run` (which warms up, then runs twice) and asks the
server the same twice: a new picture of 600x600 pixels, 15 tokens. The engine's times are its own, the server's those that
a client sees. Random weights do: `hired bench synthesize`.
"""

import argparse
import base64
import http.client
import io
import json
import random
import statistics
import subprocess
import time

from PIL import Image

RUNS = 2
TOKENS = 15


def picture() -> str:
    """A picture that no cache knows."""
    drawn = Image.effect_noise((60, 60), 64).convert("RGB").resize((600, 600))
    drawn.putpixel((0, 0), tuple(random.randbytes(3)))
    file = io.BytesIO()
    drawn.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def served(port: int, model: str) -> tuple[float, float, int]:
    """Milliseconds until the first token, tokens a second after it, and the prompt's tokens, as a client sees them."""
    content = [
        {"type": "image_url", "image_url": {"url": picture()}},
        {"type": "text", "text": "What is in the picture?"},
    ]
    # With log probabilities every token has its chunk.
    more = {"stream": True, "logprobs": True, "max_tokens": TOKENS, "stream_options": {"include_usage": True}}
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0, **more})
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start, times, prompt = time.perf_counter(), [], 0
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        chunk = json.loads(line[6:])
        prompt = (chunk.get("usage") or {}).get("prompt_tokens", prompt)
        if chunk["choices"] and (chunk["choices"][0].get("logprobs") or {}).get("content"):
            times.append(time.perf_counter())
    assert len(times) == TOKENS, f"{len(times)} tokens of {TOKENS}: the model ended its answer"
    return 1000 * (times[0] - start), (TOKENS - 1) / (times[-1] - times[0]), prompt


def bare(hired: str, folder: str, budget: str) -> tuple[list[float], list[float], int]:
    """The same of the engine alone; of two runs the least and the most are both."""
    command = [hired, "bench", "run", folder, "--budgets", budget, "--runs", str(RUNS), "--kv-memory", "1GB", "--json"]
    done = subprocess.run(command, check=True, capture_output=True)
    row = json.loads(done.stdout)["rows"][0]
    first, speed = row["ttft_ms"], row["decode_tokens_per_second"]
    return [first["least"], first["most"]], [speed["least"], speed["most"]], row["prompt_tokens"]


def main() -> None:
    """Takes turns, and prints medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hired")
    parser.add_argument("folder")
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--budget", default="20%")
    options = parser.parse_args()
    name = f"{options.model}@{options.budget}"
    served(options.port, name)
    first: tuple[list[float], list[float]] = ([], [])
    speed: tuple[list[float], list[float]] = ([], [])
    for turn in range(options.pairs // RUNS):
        alone_first, alone_speed, expected = bare(options.hired, options.folder, options.budget)
        first[0].extend(alone_first)
        speed[0].extend(alone_speed)
        for _ in range(RUNS):
            begin, rate, prompt = served(options.port, name)
            assert prompt == expected, f"{prompt} tokens for {expected}: not the same question"
            first[1].append(begin)
            speed[1].append(rate)
        print(turn + 1, [round(value) for value in first[0][-RUNS:] + first[1][-RUNS:]], flush=True)
    for what, (engine, server) in (("first token, ms", first), ("tokens a second", speed)):
        medians = statistics.median(engine), statistics.median(server)
        print(
            f"{what:18} engine {medians[0]:9.2f} ({min(engine):.2f}-{max(engine):.2f}),"
            f" server {medians[1]:9.2f} ({min(server):.2f}-{max(server):.2f}), ratio {medians[1] / medians[0]:.4f}"
        )


main()
