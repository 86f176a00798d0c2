"""Questions and answers: streamed, stopped, asked again, edited, compared."""

import json
import pathlib
import re

from playwright.sync_api import Browser, expect

from browser import Seen
from samples import PAGE, WORD

QUESTION = "What word is written?"


def an_answer_is_streamed(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """From a dropped picture to an answer with its figures, the kept tokens over the picture, a follow-up."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        asked = seen.bodies("/v1/chat/completions")
        seen.drop_sign()
        page.evaluate(
            """() => {
              window.states = [];
              new MutationObserver(() => {
                const state = document.querySelector(".answer")?.dataset.state;
                if (state && window.states.at(-1) !== state) window.states.push(state);
              }).observe(document.getElementById("turns"), { subtree: true, attributes: true, childList: true });
            }"""
        )
        page.fill("#question", "What word")
        page.press("#question", "Shift+Enter")
        assert page.input_value("#question") == "What word\n"
        page.fill("#question", QUESTION)
        page.press("#question", "Enter")
        expect(page.locator(".question .veil")).to_have_count(2)
        seen.shot("answering")
        seen.rest()
        expect(page.locator(".answer .markdown")).to_contain_text(WORD)
        facts = page.inner_text(".fact-line")
        assert re.search(r"[\d,]+ of [\d,]+ image tokens", facts), facts
        assert re.search(r"first token [\d.]+ m?s", facts), facts
        states = page.evaluate("window.states")
        assert states[-1] == "done" and len(states) > 1, states
        body = asked[0]
        assert body["stream"] and body["visual_tokens"] == {"budget": "20%"}, body["visual_tokens"]
        assert not {"temperature", "max_tokens", "top_p", "seed"} & set(body), "what is not set is the server's affair"
        expect(page.locator("#said")).to_contain_text("Answer:")
        page.wait_for_timeout(600)
        seen.shot("answer")
        page.locator(".question .choice label", has_text="Full view").click()
        expect(page.locator(".question .veil")).to_have_count(1)
        page.locator(".question .choice label", has_text="Picture").click()
        expect(page.locator(".question .veil")).to_have_count(0)
        page.locator(".question .choice label", has_text="Tiles").click()
        expect(page.locator(".question .veil")).to_have_count(2)
        seen.ask("What color is the circle?")
        expect(page.locator(".turn")).to_have_count(4)
        assert [message["role"] for message in asked[1]["messages"]] == ["user", "assistant", "user"]
        assert asked[1]["messages"][0]["content"][0]["type"] == "image_url", "the picture stays in the conversation"


def a_prompt_is_seen_being_read(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """How much of a long prompt is read shows; characters that are cut between two parts of the stream come out whole."""
    words = "Größe – 日本 🙂 é"
    events = [
        'event: visual_tokens.counted\ndata: {"image_tokens": {"full": 0}}\n\n',
        'event: visual_tokens.prefill\ndata: {"done": 200, "total": 600}\n\n',
        None,
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': words}}]}, ensure_ascii=False)}\n\n",
        'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    ]
    with Seen(browser, url, folder) as seen:
        page = seen.page
        page.evaluate(
            """(events) => {
              const real = window.fetch;
              window.fetch = async (address, options) => {
                if (!String(address).endsWith("/chat/completions")) return real(address, options);
                const body = new ReadableStream({ async start(controller) {
                  for (const event of events) {
                    if (event === null) await new Promise((resolve) => { window.readOn = resolve; });
                    else for (const byte of new TextEncoder().encode(event)) controller.enqueue(Uint8Array.of(byte));
                  }
                  controller.close();
                } });
                return new Response(body, { headers: { "content-type": "text/event-stream" } });
              };
            }""",
            events,
        )
        page.fill("#question", "hello")
        page.press("#question", "Enter")
        expect(page.locator(".state-words")).to_have_text("Reading, 200 of 600 tokens")
        bar = page.get_by_role("progressbar", name="Prompt read")
        expect(bar).to_be_visible()
        assert bar.evaluate("node => [node.value, node.max]") == [200, 600]
        seen.shot("reading")
        page.evaluate("window.readOn()")
        seen.rest()
        expect(page.locator(".answer .markdown")).to_have_text(words)


def an_answer_is_asked_again(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Regenerated; edited and asked again; copied."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        asked = seen.bodies("/v1/chat/completions")
        seen.drop_sign()
        seen.ask(QUESTION)
        page.get_by_role("button", name="Answer again").click()
        expect(page.locator(".turn")).to_have_count(2)
        seen.rest()
        assert len(asked) == 2 and asked[0]["messages"] == asked[1]["messages"]
        page.get_by_role("button", name="Copy answer").click()
        assert WORD in page.evaluate("navigator.clipboard.readText()")
        seen.ask("What color is the circle?")
        expect(page.locator(".turn")).to_have_count(4)
        page.get_by_role("button", name="Edit and ask again").first.click()
        assert page.input_value("#question") == QUESTION
        expect(page.locator("#drafts li")).to_have_count(1)
        expect(page.locator("#editing")).to_be_visible()
        page.press("#question", "Escape")
        expect(page.locator("#editing")).to_be_hidden()
        page.get_by_role("button", name="Edit and ask again").first.click()
        seen.ask("Is there a circle in the image?")
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator(".bubble")).to_have_text("Is there a circle in the image?")
        assert len(asked[-1]["messages"]) == 1


def an_answer_is_stopped(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Stop ends the request itself, and the server hears of it."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        ended: list[str] = []
        page.on("requestfailed", lambda request: ended.append(f"{request.url} {request.failure}"))
        # The demo model is done in a moment: over a slow line a page's text takes a while to come.
        seen.drop_picture(PAGE)
        line = seen.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 0, "downloadThroughput": 2000, "uploadThroughput": -1}
        line.send("Network.emulateNetworkConditions", slow)
        page.fill("#question", "What does the image say? slow")
        page.press("#question", "Enter")
        page.locator(".answer[data-state=answering]").wait_for()
        page.locator("#stop").click()
        expect(page.locator(".answer").last).to_have_attribute("data-state", "stopped")
        expect(page.locator(".fact-line").last).to_contain_text("Stopped")
        assert any("chat/completions" in each and "ABORTED" in each for each in ended), ended
        expect(page.locator("#send")).to_be_visible()
        seen.shot("stopped")
        page.fill("#question", "What does the image say? slow")
        page.press("#question", "Enter")
        page.locator("#stop").wait_for()
        page.press("#question", "Escape")
        seen.rest()
        expect(page.locator(".answer").last).to_have_attribute("data-state", "stopped")


def all_tokens_against_fewer(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Both are asked, one after the other, and what the fewer save stands below."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        asked = seen.bodies("/v1/chat/completions")
        seen.drop_sign()
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("#compare")).to_have_attribute("aria-pressed", "true")
        page.fill("#question", QUESTION)
        page.press("#question", "Enter")
        expect(page.locator(".column")).to_have_count(2)
        page.wait_for_timeout(150)
        seen.shot("comparing")
        seen.rest()
        assert [body["visual_tokens"]["budget"] for body in asked] == ["20%", "full"]
        rows = page.locator(".comparison-figures tbody tr")
        expect(rows.first).to_contain_text("Image tokens")
        names = rows.locator("th").all_inner_texts()
        assert names[1] == "First token" and names[-1] == "In all", names
        less, more, saved = (
            int(re.match(r"[\d,]+", cell)[0].replace(",", "")) for cell in rows.first.locator("td").all_inner_texts()
        )
        assert more - less == saved > 0, (less, more, saved)
        page.locator("#talk").evaluate("node => { node.scrollTop = 0; }")
        seen.shot("compared")
        page.locator("#talk").evaluate("node => { node.scrollTop = node.scrollHeight; }")
        seen.shot("compared-end")
        page.get_by_role("button", name="Compare").click()
        seen.ask("What color is the circle?")
        assert len(asked) == 3
        answered = page.locator(".column .markdown").first.inner_text()
        assert asked[-1]["messages"][1]["content"].strip() != "" and answered.strip() != ""


CHECKS = [
    an_answer_is_streamed,
    a_prompt_is_seen_being_read,
    an_answer_is_asked_again,
    an_answer_is_stopped,
    all_tokens_against_fewer,
]
