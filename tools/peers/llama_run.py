"""Asks llama.cpp's llama-mtmd-cli about one picture.

    python llama_run.py LLAMA-MTMD-CLI FOLDER PICTURE [--threads 2] [-- further options]

FOLDER is what llama_models.py wrote. The program is driven as a person drives it: a picture, then a question. It
repacks the weights and runs both models once while it loads, so that its first answer is a warm one. (Version 11434
reads freed memory when asked about a second picture.) Prints one JSON object.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import time

from question import NEW_TOKENS, QUESTION, SYSTEM, Answer

# The program prints this where it begins with a question, and an empty line when the whole prompt is computed.
MARKER = b"@begin@"
READY = b"\n> "


class Program:
    """The running program, and what it printed that nobody waited for yet."""

    def __init__(self, command: list[str], log: pathlib.Path) -> None:
        self.log = log.open("wb")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            bufsize=0,
            env={**os.environ, "MTMD_TEST_RESPONSE_MARKER": MARKER.decode()},
        )
        self.printed = b""

    def send(self, line: str) -> None:
        """Types a line."""
        self.process.stdin.write(line.encode() + b"\n")

    def wait(self, pattern: bytes) -> float:
        """Waits until the pattern is printed, drops everything to its end, and tells when that was."""
        while not (found := re.search(pattern, self.printed, re.DOTALL)):
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise SystemExit(f"the program ended before {pattern!r}; it printed {self.printed[-500:]!r}")
            self.printed += piece
        self.printed = self.printed[found.end() :]
        return time.perf_counter()

    def peak(self) -> float:
        """Gigabytes (10⁹ bytes) resident at most."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e9


def numbers(pattern: str, log: pathlib.Path) -> list[float]:
    """All that the pattern's group finds in the program's log."""
    return [float(found) for found in re.findall(pattern, log.read_text(errors="replace"))]


def ask(program: Program, picture: pathlib.Path) -> tuple[float, float]:
    """Seconds from picture and question to the first token, and tokens a second after it."""
    start = time.perf_counter()
    program.send(f"/image {picture}")
    program.wait(rb"loaded\n.*?" + re.escape(READY))
    program.send(f"{SYSTEM} {QUESTION}")
    program.wait(re.escape(MARKER) + rb"\r?\n\r?\n")
    first = program.wait(rb".")
    # It computes a step after each token it prints, the last included.
    end = program.wait(re.escape(READY) + rb"$")
    return first - start, NEW_TOKENS / (end - first)


def main() -> None:
    """Parses the command line, loads, asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("further", nargs="*", help="options for the program")
    options = parser.parse_args()
    command = [str(options.program), "-m", str(options.folder / "language.gguf")]
    command += ["--mmproj", str(options.folder / "vision.gguf"), "-n", str(NEW_TOKENS), "-t", str(options.threads)]
    command += ["-c", "4096", "--temp", "0", "--ignore-eos", "--chat-template", "vicuna", "--verbosity", "4"]
    command += options.further
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "log")
        start = time.perf_counter()
        program = Program(command, log)
        load = program.wait(re.escape(READY)) - start
        ttft, rate = ask(program, options.picture.resolve())
        peak = program.peak()
        program.send("/exit")
        program.process.communicate(timeout=60)
        # Each chunk of the prompt, and each view, is told on a line.
        evaluated = numbers(r"prompt eval time = .*?/\s*(\d+) tokens", log)
        encoded = numbers(r"batch encoding done in (\d+) ms", log)
        Answer("only", load, round(sum(evaluated)), ttft, rate, peak, sum(encoded) / 1000).tell()


if __name__ == "__main__":
    main()
