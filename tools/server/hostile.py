"""Thousands of requests that no client should send; says how they were answered. The server must stay up.

Usage: hostile.py PORT MODEL PICTURE [--count 5000] [--seed 1] [--pid SERVER]
The server is best started with --header-timeout 2 --body-timeout 3, which end what is never whole.
"""

import argparse
import base64
import json
import random
import re
import socket
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PICTURE = b""
MODEL = ""


def head(length: int | str, kind: str = "application/json", path: str = "/v1/chat/completions") -> bytes:
    """The head of a request whose connection is not used again."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()


def chat(url: str, **more: object) -> bytes:
    """A body that asks about a picture."""
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What does the image say?"}]
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "max_tokens": 2, **more}
    return json.dumps(body).encode()


def data_url(data: bytes) -> str:
    """A picture, or what calls itself one."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def mutated(data: bytes) -> bytes:
    """A few bytes changed, cut out or doubled."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 8)):
        place = random.randrange(len(changed))
        match random.randrange(4):
            case 0:
                changed[place] = random.randrange(256)
            case 1:
                del changed[place : place + random.randrange(1, 64)]
            case 2:
                changed[place:place] = random.randbytes(random.randrange(1, 16))
            case 3:
                del changed[max(place, 16) :]
        if not changed:
            changed = bytearray(b"x")
    return bytes(changed)


def json_damage() -> bytes:
    """JSON that is cut, changed or made of other values."""
    body = mutated(chat(data_url(PICTURE)))
    return head(len(body)) + body


def picture_damage() -> bytes:
    """A damaged picture in sound JSON."""
    body = chat(data_url(mutated(PICTURE)))
    return head(len(body)) + body


def bomb() -> bytes:
    """A picture whose header promises more than anybody has."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    size = random.choice([20000, 60000, 2**31 - 1])
    header = part(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    body = chat(
        data_url(b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b""))
    )
    return head(len(body)) + body


def values() -> bytes:
    """Fields of other kinds."""
    odd = [None, True, -1, 10**30, 1e308, "", "x" * 2000, [], {}, [[]], {"a": 1}, "\u0000", "\ud7ff"]
    names = [
        "model",
        "messages",
        "max_tokens",
        "n",
        "stop",
        "stream",
        "stream_options",
        "visual_tokens",
        "temperature",
        "seed",
        "top_p",
        "logprobs",
        "top_logprobs",
        "tools",
        "response_format",
        "presence_penalty",
    ]
    body = json.loads(chat(data_url(PICTURE)))
    for name in random.sample(names, random.randrange(1, 4)):
        body[name] = random.choice(odd)
    text = json.dumps(body).encode()
    return head(len(text), path=random.choice(["/v1/chat/completions", "/v1/visual_tokens"])) + text


def messages() -> bytes:
    """Conversations that no template was made for."""
    roles = ["user", "assistant", "system", "developer", "tool", "", None, 5]
    turns = [
        {
            "role": random.choice(roles),
            "content": random.choice(["", "x", None, [], "<image>", "{{ 1/0 }}", "</s>[INST]", 7]),
        }
        for _ in range(random.randrange(0, 40))
    ]
    text = json.dumps({"model": MODEL, "messages": turns, "max_tokens": 2}).encode()
    return head(len(text)) + text


def deep() -> bytes:
    """Lists in lists."""
    text = b'{"messages":' + b"[" * random.choice([100, 10000, 200000])
    return head(len(text)) + text


def multipart() -> bytes:
    """Parts that are cut or changed."""
    json_text = chat("attachment:a.png")
    whole = (
        b'--B\r\nContent-Disposition: form-data; name="request"\r\n\r\n'
        + json_text
        + b'\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
        + PICTURE
        + b"\r\n--B--\r\n"
    )
    body = mutated(whole)
    return head(len(body), kind="multipart/form-data; boundary=B") + body


def no_http() -> bytes:
    """Bytes that are no request, or a damaged one."""
    body = chat(data_url(PICTURE))
    whole = head(len(body)) + body
    return random.choice(
        [random.randbytes(200), mutated(whole[:150]) + whole[150:], b"\x16\x03\x01" + random.randbytes(80)]
    )


def lengths() -> bytes:
    """Lengths that lie."""
    return head(random.choice([0, -1, 10**12, "x", 2**63, "5, 6"])) + b"{}"


def query() -> bytes:
    """Paths and methods that are not there."""
    path = "/" + "".join(random.choice("abcv1/%.?#\\é") for _ in range(random.randrange(60)))
    method = random.choice(["GET", "PUT", "DELETE", "PATCH", "TRACE", "POST", "X"])
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


KINDS: list[Callable[[], bytes]] = [
    json_damage,
    picture_damage,
    bomb,
    values,
    messages,
    deep,
    multipart,
    no_http,
    lengths,
    query,
]


def send(port: int, data: bytes) -> str:
    """The status that came back, or how the connection ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR) if random.random() < 0.05 else None
            answer = b""
            while not re.search(rb"\r\n\r\n", answer) and (part := connection.recv(65536)):
                answer += part
        except TimeoutError:
            return "silence"
        except OSError:
            return "reset"
    found = re.match(rb"HTTP/1.1 (\d+)", answer)
    return found[1].decode() if found else "closed"


def resident(pid: int | None) -> int:
    """Megabytes that are not backed by a file."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024 if pid else 0


def main() -> None:
    """Sends them, 64 at once."""
    global PICTURE, MODEL
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int)
    options = parser.parse_args()
    PICTURE, MODEL = Path(options.picture).read_bytes(), options.model
    random.seed(options.seed)
    # Opened, and never finished: they hold connections while the others come.
    drips = [socket.create_connection(("127.0.0.1", options.port)) for _ in range(50)]
    for drip in drips:
        drip.sendall(random.choice([b"", b"POST /v1/chat", head(1000), head(1000) + b"{"]))
    start, before = time.monotonic(), resident(options.pid)
    outcomes: dict[str, Counter[str]] = {kind.__name__: Counter() for kind in KINDS}
    # Those that are never whole end with the server's deadlines: 64 at once.
    with ThreadPoolExecutor(64) as pool:
        sent = []
        for number in range(options.count):
            kind = KINDS[number % len(KINDS)]
            sent.append((kind.__name__, pool.submit(send, options.port, kind())))
        for name, answer in sent:
            outcomes[name][answer.result()] += 1
    for name, counts in outcomes.items():
        print(f"{name:15} {dict(sorted(counts.items()))}")
    print(f"{options.count} in {time.monotonic() - start:.0f} s; {before} MB before, {resident(options.pid)} MB after")
    for drip in drips:
        drip.close()
    time.sleep(1)
    with socket.create_connection(("127.0.0.1", options.port)) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    for name in (
        "hired_cache_blocks_used",
        "hired_requests_running",
        "hired_requests_waiting",
        "hired_http_body_bytes",
    ):
        value = re.search(rf"^{name} (\d+)$", text, re.M)[1]
        print(name, value)
        assert value == "0", name
    bad = {status for counts in outcomes.values() for status in counts if status.startswith("5") or status == "silence"}
    assert not bad, bad


main()
