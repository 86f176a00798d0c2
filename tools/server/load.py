"""Many streaming clients at once, some of which go away in the middle; says what they got and what the server held.

Usage: load.py PORT MODEL PICTURE [--clients 200] [--seconds 60] [--pid SERVER]
"""

import argparse
import asyncio
import base64
import json
import random
import re
import time
from collections import Counter
from pathlib import Path


async def ask(port: int, body: bytes, leaves: bool) -> str:
    """One request: `done`, `left`, or what went wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        if leaves:
            await reader.read(200)
            await asyncio.sleep(random.random() / 10)
            return "left"
        answer = (await reader.read()).decode()
        status = answer.split(" ", 2)[1] if answer else "nothing"
        if status == "429":
            assert re.search(r"\r\nretry-after: \d+\r\n", answer, re.I), answer
            return "429"
        if status != "200":
            return status
        if '"error"' in answer:
            return "error in stream"
        return "done" if "data: [DONE]" in answer else "cut"
    finally:
        writer.close()


async def get(port: int, path: str) -> str:
    """A short answer's text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return text


def resident(pid: int | None) -> int:
    """Megabytes that are not backed by a file."""
    if pid is None:
        return 0
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024


async def main() -> None:
    """Runs the clients, and waits until the server is idle again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pid", type=int)
    options = parser.parse_args()
    url = "data:image/png;base64," + base64.b64encode(Path(options.picture).read_bytes()).decode()
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + options.seconds

    async def client(seed: int) -> None:
        random.seed(seed)
        while time.monotonic() < end:
            content = [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": f"What does the image say? {random.randrange(50)}"},
            ]
            body = {
                "model": f"{options.model}@{random.choice(['20%', '40', 'full'])}",
                "messages": [{"role": "user", "content": content}],
                "stream": True,
                "max_tokens": random.randrange(4, 40),
                "temperature": random.choice([0, 1.5]),
            }
            try:
                outcome = await ask(options.port, json.dumps(body).encode(), random.random() < 0.1)
            except OSError as error:
                outcome = type(error).__name__
            outcomes[outcome] += 1
            if outcome == "429":
                await asyncio.sleep(1)

    async def watch() -> None:
        while time.monotonic() < end:
            print(f"{end - time.monotonic():5.0f} s left, {resident(options.pid)} MB, {dict(outcomes)}", flush=True)
            await asyncio.sleep(10)

    await asyncio.gather(watch(), *(client(seed) for seed in range(options.clients)))
    print("at the end:", dict(outcomes), f"{resident(options.pid)} MB")
    for _ in range(100):
        text = await get(options.port, "/metrics")
        held = {
            name: int(re.search(rf"^{name} (\d+)$", text, re.M)[1])
            for name in (
                "hired_cache_blocks_used",
                "hired_requests_running",
                "hired_requests_waiting",
                "hired_promised_tokens",
            )
        }
        if not any(held.values()):
            break
        await asyncio.sleep(0.2)
    print("held:", held)
    bad = {name for name in outcomes if name not in ("done", "left", "429")}
    assert not bad and not any(held.values()), (bad, held)


asyncio.run(main())
