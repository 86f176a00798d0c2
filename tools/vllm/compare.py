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


def ask(hired: str, model: str, picture: pathlib.Path, question: str, budget: str, url: str | None, rows: str) -> dict:
    """One answer with its tokens' ids."""
    command = [hired, "ask", model, "--image", str(picture), question, "--budget", budget, "--precision", "f32"]
    command += ["--temperature", "0", "--max-tokens", "64", "--logprobs", "1", "--json"]
    if url:
        command += ["--language-model-url", url, "--language-model-rows", rows]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Prints one line a budget, and every answer that differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("hired", "model", "url"):
        parser.add_argument(name)
    parser.add_argument("--rows", choices=["f32", "f16", "bf16"], default="f32")
    parser.add_argument("budgets", nargs="*", default=["full", "40%", "20%", "10%"])
    options = parser.parse_args()
    hired, model, budgets = options.hired, options.model, options.budgets
    samples = pathlib.Path(model) / "samples"
    entries = json.loads((samples / "questions.json").read_text())
    wrong = 0
    for budget in budgets:
        same, tokens, prompt, far, right = 0, 0, [], 0.0, [0, 0]
        for entry in entries:
            question = entry["questions"][0]["question"]
            here, there = (
                ask(hired, model, samples / entry["image"], question, budget, to, options.rows)
                for to in (None, options.url)
            )
            for place, answer in enumerate((here, there)):
                right[place] += answer["answer"].strip().lower() == entry["questions"][0]["answer"].lower()
            ids = [[token["id"] for token in answer["logprobs"]] for answer in (here, there)]
            alike = ids[0] == ids[1] and here["answer"] == there["answer"]
            alike = alike and here["finish_reason"] == there["finish_reason"]
            alike = alike and here["prompt_tokens"] == there["prompt_tokens"]
            if alike:
                same += 1
                pairs = zip(here["logprobs"], there["logprobs"], strict=True)
                far = max([far] + [abs(one["logprob"] - other["logprob"]) for one, other in pairs])
            else:
                print("differs:", entry["image"], budget, ids, here["answer"], there["answer"])
            tokens += len(ids[1])
            prompt.append(there["prompt_tokens"])
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
