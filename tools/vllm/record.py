"""Records what a vLLM server answers, byte for byte, for the tests' stand-in.

Usage: record.py URL FOLDER LM   (URL ends with /v1; LM is the folder that it serves; needs torch)
"""

import base64
import io
import json
import pathlib
import sys
import urllib.error
import urllib.request

import torch


def rows(count: int, width: int) -> str:
    """Small random rows, the same in every run."""
    generator = torch.Generator().manual_seed(7)
    file = io.BytesIO()
    torch.save(torch.randn(count, width, generator=generator) * 0.02, file)
    return base64.b64encode(file.getvalue()).decode()


def main() -> None:
    """Writes one JSON file a request: status, type, body."""
    url, folder, model = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    config = json.loads((model / "config.json").read_text())
    width, words = config["hidden_size"], config["vocab_size"]
    folder.mkdir(parents=True, exist_ok=True)

    def record(name: str, path: str, body: dict | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
        try:
            answer = urllib.request.urlopen(request, timeout=300)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        entry = {"status": answer.status, "type": answer.headers["Content-Type"], "body": content.decode()}
        (folder / f"{name}.json").write_text(json.dumps(entry, indent=1) + "\n")
        return content

    models = json.loads(record("models", "/models"))
    name, longest = models["data"][0]["id"], models["data"][0]["max_model_len"]
    common = {
        "model": name,
        "prompt_embeds": rows(9, width),
        "max_tokens": 6,
        "temperature": 0,
        "repetition_penalty": 1,
        "top_p": 1,
        "top_k": 0,
        "min_p": 0,
        "return_token_ids": True,
        "stop_token_ids": [],
        "ignore_eos": True,
    }
    stream = {"stream": True, "stream_options": {"include_usage": True}}
    logprobs = {"logprobs": 2, "return_tokens_as_token_ids": True}
    whole = json.loads(record("whole", "/completions", common | logprobs))
    record("stream", "/completions", common | stream | logprobs)
    record("two-answers", "/completions", common | stream | {"n": 2, "temperature": 1, "seed": 5})
    third = whole["choices"][0]["token_ids"][2]
    record("stop", "/completions", common | stream | {"stop_token_ids": [third]})
    one = common | stream | {"prompt_embeds": rows(1, width), "max_tokens": 1, "ignore_eos": False}
    record("last-token", "/completions", one | {"allowed_token_ids": [words - 1]})
    record("token-beyond", "/completions", one | {"allowed_token_ids": [words]})
    record("other-width", "/completions", one | {"prompt_embeds": rows(1, width + 1)})
    record("too-long", "/completions", common | {"prompt_embeds": rows(longest + 1, width)})
    record("no-tensor", "/completions", common | {"prompt_embeds": base64.b64encode(b"nothing").decode()})
    record("other-model", "/completions", common | {"model": "another"})
    for path in sorted(folder.glob("*.json")):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
