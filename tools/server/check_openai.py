"""Asks a running server as OpenAI's own client does, and says what came back.

Usage: check_openai.py BASE_URL MODEL PICTURE [KEY]   (pip install openai; BASE_URL ends with /v1)
"""

import base64
import sys

from openai import BadRequestError, NotFoundError, OpenAI


def main() -> None:
    """Asks one thing after the other; the first answer that is wrong ends it."""
    base_url, model, picture = sys.argv[1:4]
    client = OpenAI(base_url=base_url, api_key=sys.argv[4] if len(sys.argv) > 4 else "none")
    with open(picture, "rb") as file:
        url = "data:image/png;base64," + base64.b64encode(file.read()).decode()
    image = {"type": "image_url", "image_url": {"url": url}}

    def user(text: str) -> dict:
        return {"role": "user", "content": [image, {"type": "text", "text": text}]}

    question = "What does the image say?"
    assert model in [entry.id for entry in client.models.list()]

    whole = client.chat.completions.create(model=model, messages=[user(question)], max_tokens=32)
    answer = whole.choices[0].message.content
    assert answer and whole.choices[0].finish_reason in ("stop", "length")
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    print("whole:", repr(answer), whole.usage.image_tokens)

    stream = client.chat.completions.create(
        model=model, messages=[user(question)], max_tokens=32, stream=True, stream_options={"include_usage": True}
    )
    text, reasons, usage = "", [], None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            if choice.finish_reason:
                reasons.append(choice.finish_reason)
    assert text == answer, (text, answer)
    assert reasons == [whole.choices[0].finish_reason]
    assert usage.prompt_tokens == whole.usage.prompt_tokens
    print("streamed:", repr(text))

    turns = [
        {"role": "system", "content": "Answer briefly."},
        user(question),
        {"role": "assistant", "content": answer},
        user("What color is the text?"),
    ]
    several = client.chat.completions.create(model=model, messages=turns, max_tokens=16)
    print("two pictures, three turns:", repr(several.choices[0].message.content), several.usage.image_tokens)

    drawn = client.chat.completions.create(
        model=model,
        messages=[user(question)],
        n=3,
        temperature=0.9,
        seed=1,
        logprobs=True,
        top_logprobs=3,
        max_tokens=8,
    )
    assert len(drawn.choices) == 3
    for choice in drawn.choices:
        assert choice.logprobs.content and all(len(token.top_logprobs) == 3 for token in choice.logprobs.content)
    print("drawn:", [choice.message.content for choice in drawn.choices])

    with client.chat.completions.with_streaming_response.create(
        model=model, messages=[user(question)], extra_body={"visual_tokens": {"budget": "20%"}}, max_tokens=16
    ) as raw:
        kept = raw.parse().usage.image_tokens
    assert kept["kept"] == kept["budget"] < kept["full"]
    suffixed = client.chat.completions.create(model=f"{model}@10%", messages=[user(question)], max_tokens=16)
    assert suffixed.usage.image_tokens["kept"] < kept["kept"]
    print("budgets:", kept, suffixed.usage.image_tokens)

    try:
        client.chat.completions.create(model=model, messages=[user(question)], tools=[{"type": "function"}])
        raise AssertionError("tools were accepted")
    except BadRequestError as error:
        assert error.param == "tools" and error.code == "unsupported_parameter"
    try:
        client.chat.completions.create(model="other", messages=[user(question)])
        raise AssertionError("another model was accepted")
    except NotFoundError as error:
        assert error.code == "model_not_found"
    print("refusals are told as OpenAI's errors")


main()
