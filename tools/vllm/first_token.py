"""Measures the time to the first token of a LLaVA-NeXT of TinyLlama's shape whose language model is on vLLM.

Usage: first_token.py HIRED DEMO WORK [--rounds 3] [--dtype bfloat16] [--budgets full,20%]

Run with the Python of vLLM's environment. What WORK lacks is made there: a checkpoint of random weights (tinyllama.py),
its vision half (`hired import --vision-only`) and its language model (`hired export-language-model`). Then vLLM and
`hired serve` are started, and in every round each budget is asked of `hired` with a new picture of 672×672 pixels, and
of vLLM alone with as many random rows, sent by a plain client. Both servers are ended.

Told are medians, and the least and the most: the client's time to the first token; of that by `hired`'s own account
pictures, upload and remote; of the remote by vLLM's own account (/metrics) the time to its first token and what of it
was prefill; the same of the plain client. The share of the processor that other programs took is told, too.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import numpy
import tinyllama
import torch
from PIL import Image
from trial import gauge

SIDE = 672
TYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
SETTINGS = {
    "VLLM_TARGET_DEVICE": "cpu",
    "VLLM_USE_V2_MODEL_RUNNER": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "HF_HUB_OFFLINE": "1",
}


def picture(seed: int) -> str:
    """A PNG of coloured squares of 8 pixels that nobody has seen: some detail everywhere, and no padding in 2×2."""
    cells = numpy.random.default_rng(seed).integers(0, 256, (SIDE // 8, SIDE // 8, 3), dtype=numpy.uint8)
    file = io.BytesIO()
    Image.fromarray(cells.repeat(8, 0).repeat(8, 1)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


@contextlib.contextmanager
def server(command: list[str], probe: str, log: pathlib.Path, **settings: str) -> Iterator[int]:
    """Runs it until the block ends; the block begins when it answers.

    Yields:
        The number of its process.
    """
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | settings, start_new_session=True)
    try:
        start = time.monotonic()
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(probe, timeout=5) as answer:
                if answer.status == 200:
                    break
            if process.poll() is not None or time.monotonic() - start > 300:
                raise SystemExit(f"{command[0]} did not start; see {log}")
            time.sleep(0.2)
        yield process.pid
    finally:
        # Its engine is a process of its own, in the same group.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ticks(groups: list[int]) -> tuple[float, float]:
    """Seconds of all processors that were used since the start, and those of the groups and of this process."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    own = 0
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # Behind the name, which may hold spaces: state, parent, group, …, user, system.
            rest = entry.read_text().rpartition(")")[2].split()
            if int(rest[2]) in groups or int(entry.parent.name) == os.getpid():
                own += int(rest[11]) + int(rest[12])
    unit = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / unit, own / unit


def first_event(url: str, body: dict) -> tuple[float, list[dict]]:
    """Milliseconds until the first token of a stream, and all its events."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    start, first, events = time.perf_counter(), 0.0, []
    with urllib.request.urlopen(request, timeout=600) as answer:
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            choice = (event.get("choices") or [{}])[0]
            if not first and (choice.get("token_ids") or choice.get("logprobs")):
                first = 1000 * (time.perf_counter() - start)
            events.append(event)
    if not first:
        raise SystemExit(f"no token from {url}: {events}")
    return first, events


def own_account(metrics: str) -> dict[str, float]:
    """Milliseconds that vLLM has counted until now."""
    names = {
        "vllm_ttft": "time_to_first_token",
        "vllm_queue": "request_queue_time",
        "vllm_prefill": "request_prefill_time",
    }
    return {key: 1000 * gauge(metrics, f"vllm:{name}_seconds_sum") for key, name in names.items()}


def counted(metrics: str, before: dict[str, float]) -> dict[str, float]:
    """What came to it, once the request's end is in."""
    for _ in range(50):
        after = own_account(metrics)
        if after["vllm_prefill"] > before["vllm_prefill"]:
            break
        time.sleep(0.1)
    return {key: after[key] - before[key] for key in before}


def ask_hired(base: str, budget: str, seed: int) -> dict[str, float]:
    """One question about a new picture."""
    parts = [
        {"type": "image_url", "image_url": {"url": picture(seed)}},
        {"type": "text", "text": "What is in the picture?"},
    ]
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": parts}],
        "max_tokens": 4,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True, "include_visual_tokens": True},
        "visual_tokens": {"budget": budget},
        # A token without text has its event, too.
        "logprobs": True,
    }
    first, events = first_event(base + "/v1/chat/completions", body)
    timings = next(event for event in events if "ttft_ms" in event)
    usage = next(event["usage"] for event in events if event.get("usage"))
    names = ("decode_image_ms", "preprocess_ms", "vision_ms", "select_ms", "project_ms")
    return {
        "tokens": usage["prompt_tokens"],
        "client": first,
        "pictures": sum(timings[name] for name in names),
        "upload": timings["upload_ms"],
        "remote": timings["prefill_ms"],
        "ttft": timings["ttft_ms"],
    }


def ask_alone(base: str, model: str, tokens: int, dtype: str, seed: int) -> dict[str, float]:
    """As many random rows, sent by a plain client; the body is ready before the clock starts."""
    generator = torch.Generator().manual_seed(seed)
    file = io.BytesIO()
    rows = torch.randn(tokens, tinyllama.TEXT["hidden_size"], generator=generator) * 0.02
    torch.save(rows.to(getattr(torch, dtype)), file)
    body = {
        "model": model,
        "prompt_embeds": base64.b64encode(file.getvalue()).decode(),
        "max_tokens": 4,
        "temperature": 0,
        "repetition_penalty": 1,
        "ignore_eos": True,
        "return_token_ids": True,
        "stream": True,
    }
    return {"client": first_event(base + "/completions", body)[0]}


def prepare(hired: str, demo: pathlib.Path, work: pathlib.Path) -> None:
    """What is not there yet."""
    if not (work / "checkpoint").exists():
        tinyllama.write(demo, work / "checkpoint.part")
        (work / "checkpoint.part").rename(work / "checkpoint")
    for folder, command in (("vision", ["import", "--vision-only"]), ("language", ["export-language-model"])):
        if not (work / folder).exists():
            subprocess.run([hired, *command, str(work / "checkpoint"), str(work / folder)], check=True)


def table(budgets: list[str], results: dict[tuple[str, str], list[dict[str, float]]]) -> None:
    """Medians in seconds, with the least and the most behind."""
    for budget in budgets:
        for who in ("hired", "alone"):
            runs = results[budget, who]
            cells = []
            for key in runs[0]:
                values = [run[key] for run in runs]
                if key == "tokens":
                    cells.append(f"{values[0]:.0f} tokens")
                else:
                    low, middle, high = min(values), statistics.median(values), max(values)
                    cells.append(f"{key} {middle / 1000:.2f} ({low / 1000:.2f}-{high / 1000:.2f})")
            print(f"{budget}, {who}: " + ", ".join(cells))
    first, last = budgets[0], budgets[-1]
    for who, key in (("hired", "client"), ("hired", "remote"), ("hired", "vllm_ttft"), ("alone", "client")):
        ratios = [one[key] / other[key] for one, other in zip(results[first, who], results[last, who], strict=True)]
        print(f"{first} / {last}, {who}, {key}: " + ", ".join(f"{ratio:.2f}" for ratio in ratios))


def main() -> None:
    """Prepares, measures in turns, tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hired")
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=list(TYPES), default="bfloat16")
    parser.add_argument("--budgets", default="full,20%")
    parser.add_argument("--prepare", action="store_true", help="make what WORK lacks, and end")
    options = parser.parse_args()
    # Ended from outside, the servers end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    budgets, work = options.budgets.split(","), options.work
    work.mkdir(parents=True, exist_ok=True)
    prepare(options.hired, options.demo, work)
    if options.prepare:
        return
    begun = time.monotonic()
    upstream, place = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    vllm = [str(pathlib.Path(sys.executable).parent / "vllm"), "serve", str(work / "language")]
    vllm += ["--enable-prompt-embeds", "--enforce-eager", "--dtype", options.dtype, "--generation-config", "vllm"]
    vllm += ["--no-enable-prefix-caching", "--host", "127.0.0.1", "--port", upstream.rpartition(":")[2]]
    vllm += ["--max-model-len", "4096"]
    hired = [options.hired, "serve", str(work / "vision"), "--model-name", "tiny", "--port", place.rpartition(":")[2]]
    hired += ["--language-model-url", upstream + "/v1", "--language-model-rows", TYPES[options.dtype]]
    hired += ["--language-model-first-token-timeout", "600"]
    results: dict[tuple[str, str], list[dict[str, float]]] = {}
    metrics = upstream + "/metrics"
    with (
        server(vllm, upstream + "/health", work / "vllm.log", **SETTINGS) as other,
        server(hired, place + "/health/ready", work / "hired.log") as own,
    ):
        print(f"both servers ready after {time.monotonic() - begun:.0f} s", flush=True)
        # Every shape once: the round before the first is thrown away, at the smallest budget.
        ask_hired(place, budgets[-1], 0)
        for number in range(options.rounds):
            for index, budget in enumerate(budgets):
                seed = 1 + number * len(budgets) + index
                for who in ("hired", "alone"):
                    before, (all_before, own_before) = own_account(metrics), ticks([other, own])
                    start = time.perf_counter()
                    if who == "hired":
                        run = ask_hired(place, budget, seed)
                    else:
                        tokens = int(results[budget, "hired"][0]["tokens"])
                        run = ask_alone(upstream + "/v1", str(work / "language"), tokens, options.dtype, seed)
                    run |= counted(metrics, before)
                    all_after, own_after = ticks([other, own])
                    used = (all_after - all_before) - (own_after - own_before)
                    others = used / ((time.perf_counter() - start) * (os.cpu_count() or 1))
                    results.setdefault((budget, who), []).append(run)
                    said = {key: round(value) for key, value in run.items()}
                    print(f"round {number + 1}, {budget}, {who}: {said}, others {others:.0%}", flush=True)
    table(budgets, results)
    print(f"{time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
