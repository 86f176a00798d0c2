"""Compares greedy answers of the local engine in float32 with those of a vLLM server, token by token.

Usage: compare.py HIRED MODEL URL [--rows f32] [BUDGET…]   (URL ends with /v1; MODEL/samples/questions.json has the
questions)

In float32 every answer must be the same. Rows of f16 or bf16 go to a server of that type, where some may differ; how
many of the answers are right is told for both.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

COMMON = ["--precision", "f32", "--temperature", "0", "--max-tokens", "64", "--logprobs", "1"]


def run(command: list[str]) -> str:
    """What it prints; where it fails, that ends this, too."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def here(hired: str, model: str, entries: list[dict], budget: str) -> list[dict]:
    """All answers of the local engine, one after the other in one process."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({key: entry[key] for key in ("image", "question")}) + "\n" for entry in entries)
        file.flush()
        printed = run([hired, "batch", model, file.name, "--budget", budget, "--concurrency", "1", *COMMON])
    return [json.loads(line) for line in printed.splitlines()]


def there(hired: str, model: str, entry: dict, budget: str, remote: list[str]) -> dict:
    """One answer by way of the server."""
    command = [hired, "ask", model, "--image", entry["image"], entry["question"], "--budget", budget, *COMMON, "--json"]
    answer = json.loads(run(command + remote))
    return answer | {"image_tokens": answer["image_tokens"]["kept"]}


def main() -> None:
    """Prints one line a budget, and every answer that differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("hired", "model", "url"):
        parser.add_argument(name)
    parser.add_argument("--rows", choices=["f32", "f16", "bf16"], default="f32")
    parser.add_argument("budgets", nargs="*", default=["full", "40%", "20%", "10%"])
    options = parser.parse_intermixed_args()
    samples = pathlib.Path(options.model).resolve() / "samples"
    entries = [
        {"image": str(samples / entry["image"])} | entry["questions"][0]
        for entry in json.loads((samples / "questions.json").read_text())
    ]
    # A processor that has other work may be slow.
    remote = ["--language-model-url", options.url, "--language-model-rows", options.rows]
    remote += ["--language-model-first-token-timeout", "600"]
    wrong = 0
    for budget in options.budgets:
        same, tokens, prompt, far, right = 0, 0, [], 0.0, [0, 0]
        for entry, one in zip(entries, here(options.hired, options.model, entries, budget), strict=True):
            other = there(options.hired, options.model, entry, budget, remote)
            ids = [[token["id"] for token in answer["logprobs"]] for answer in (one, other)]
            if ids[0] == ids[1] and all(one[key] == other[key] for key in ("answer", "image_tokens")):
                same += 1
                pairs = zip(one["logprobs"], other["logprobs"], strict=True)
                far = max([far] + [abs(left["logprob"] - right["logprob"]) for left, right in pairs])
            else:
                print("differs:", entry["image"], budget, ids, one["answer"], other["answer"], flush=True)
            for place, answer in enumerate((one, other)):
                right[place] += answer["answer"].strip().lower() == entry["answer"].lower()
            tokens += len(ids[1])
            prompt.append(other["prompt_tokens"])
        wrong += len(entries) - same
        print(
            f"{budget}: {same} of {len(entries)} answers equal, {tokens} tokens, prompts of "
            f"{min(prompt)} to {max(prompt)} tokens, log probabilities of equal answers within {far:.1e}, "
            f"{right[0]} right here and {right[1]} there",
            flush=True,
        )
    sys.exit(1 if wrong and options.rows == "f32" else 0)


if __name__ == "__main__":
    main()
