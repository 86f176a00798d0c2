"""Compares greedy answers of the local engine with those of a vLLM server, token by token.

Usage: compare.py HIRED MODEL URL [BUDGET…]   (URL ends with /v1; MODEL/samples/questions.json names the questions)
"""

import json
import pathlib
import subprocess
import sys


def ask(hired: str, model: str, picture: pathlib.Path, question: str, budget: str, url: str | None) -> dict:
    """One answer with its tokens' ids."""
    command = [hired, "ask", model, "--image", str(picture), question, "--budget", budget, "--precision", "f32"]
    command += ["--temperature", "0", "--max-tokens", "64", "--logprobs", "1", "--json"]
    if url:
        command += ["--language-model-url", url, "--language-model-rows", "f32"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Prints one line a budget, and every answer that differs."""
    hired, model, url = sys.argv[1:4]
    budgets = sys.argv[4:] or ["full", "40%", "20%", "10%"]
    samples = pathlib.Path(model) / "samples"
    entries = json.loads((samples / "questions.json").read_text())
    wrong = 0
    for budget in budgets:
        same, tokens, prompt, far = 0, 0, [], 0.0
        for entry in entries:
            question = entry["questions"][0]["question"]
            here, there = (ask(hired, model, samples / entry["image"], question, budget, to) for to in (None, url))
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
            f"{min(prompt)} to {max(prompt)} tokens, log probabilities within {far:.1e}",
            flush=True,
        )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
