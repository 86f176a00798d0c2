"""Kills vLLM under a `hired serve`, starts it again, and says what became of the requests.

Usage: restart.py BASE_URL SAMPLES PID COMMAND…   (BASE_URL of hired ends with /v1; PID is vLLM's, COMMAND starts it)

Four answers are being streamed and eight questions are on their way when it is killed. Ends with 1 where an answer that
had begun ended short without an error, where none was cut off, or where a question on its way was not answered.
"""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from trial import body, post

# The sample with the longest text.
LONG = 10


def stream(base: str, question: dict, seen: threading.Barrier, said: list[str]) -> None:
    """Reads an answer to its end and says how it ended; the first token is told."""
    request = urllib.request.Request(
        base + "/chat/completions", json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    text, is_told = "", False
    with urllib.request.urlopen(request, timeout=600) as answer:
        for line in answer:
            text += line.decode()
            # The first chunk has the role alone.
            if not is_told and '"content"' in text.replace('"content":""', ""):
                is_told = True
                seen.wait()
    errors = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {") and '"error"' in line]
    ends = len(re.findall(r'"finish_reason":"\w+"', text))
    said.append(errors[0]["error"]["message"] if errors else "whole" if ends == question["n"] else f"{ends} ends")


def ready(base: str) -> str:
    """What the readiness probe says."""
    try:
        with urllib.request.urlopen(base.removesuffix("/v1") + "/health/ready", timeout=10) as answer:
            return json.load(answer)["status"]
    except urllib.error.HTTPError as error:
        return json.load(error)["status"]


def children(pid: int) -> list[int]:
    """A process and all that it started."""
    own = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid] + [other for child in own for other in children(int(child))]


def main() -> None:
    """Prints what happened, in order."""
    base, samples, pid = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    start = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {text}", flush=True)

    said: list[str] = []
    seen = threading.Barrier(5)
    long = []
    # The demo's model ends its answers soon: many of the longest that it gives, about a picture that is known by then,
    # so that all four begin together.
    question = body(samples, LONG, "20%", 200) | {"temperature": 0.7}
    question["messages"][0]["content"][1]["text"] = "What does the image say?"
    post(base, question)
    question |= {"stream": True, "n": 64}
    for _ in range(4):
        long.append(threading.Thread(target=stream, args=(base, question, seen, said)))
    for thread in long:
        thread.start()
    seen.wait()
    tell("four answers have begun")
    answers: list[str] = []

    def ask(number: int) -> None:
        try:
            answers.append(post(base, body(samples, number, "40%"))["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            answers.append(f"{error.code}: {error.read().decode()}")

    short = [threading.Thread(target=ask, args=(number,)) for number in range(4, 12)]
    for thread in short:
        thread.start()
    # They are taken in, and their pictures are being read.
    time.sleep(0.05)
    for process in reversed(children(pid)):
        os.kill(process, signal.SIGKILL)
    tell("killed")
    while ready(base) == "ready":
        time.sleep(0.1)
    tell(f"readiness: {ready(base)}")
    try:
        post(base, body(samples, 0, "20%"))
        tell("a further question was answered")
    except urllib.error.HTTPError as error:
        tell(f"a further question: {error.code}, {json.load(error)['error']['code']}")
    with open(os.devnull, "w") as nothing:
        subprocess.Popen(sys.argv[4:], stdout=nothing, stderr=nothing, start_new_session=True)
    tell("started again")
    for thread in long:
        thread.join()
    for text, count in collections.Counter(said).items():
        tell(f"{count} of the four ended: {text}")
    for thread in short:
        thread.join()
    tell(f"the eight on their way: {answers}")
    while ready(base) != "ready":
        time.sleep(0.1)
    tell(f"readiness: {ready(base)}")
    is_cut = all("broke off" in text or text == "whole" for text in said) and set(said) != {"whole"}
    sys.exit(0 if is_cut and not any(re.match(r"\d{3}: ", answer) for answer in answers) else 1)


if __name__ == "__main__":
    main()
