"""What goes wrong: refusals, a broken stream, a server that is away, warming up, or wants a key."""

import json
import pathlib
from collections.abc import Callable

from playwright.sync_api import Browser, Route, expect

from browser import Seen
from samples import WORD

CHAT = "**/v1/chat/completions"
PROVOKED = ["Failed to load resource"]


def streaming(body: str) -> Callable[[Route], None]:
    """Answers every question with a stream."""
    return lambda route: route.fulfill(status=200, content_type="text/event-stream", body=body)


def refusals_are_told(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """The server's words stand where the answer would, with a way to try again."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.allowed = PROVOKED
        words = "The queue is full (64 requests)."
        error = {"error": {"message": words, "type": "overloaded", "param": None, "code": "overloaded"}}
        page.route(
            CHAT,
            lambda each: each.fulfill(
                status=429, headers={"retry-after": "7"}, content_type="application/json", body=json.dumps(error)
            ),
        )
        seen.drop_sign()
        seen.ask("What word is written?")
        expect(page.locator(".failure")).to_contain_text(words)
        expect(page.locator(".failure")).to_contain_text("7 s")
        seen.shot("refused")
        page.unroute(CHAT)
        page.get_by_role("button", name="Try again").click()
        seen.rest()
        expect(page.locator(".answer .markdown")).to_contain_text(WORD)
        expect(page.locator(".turn")).to_have_count(2)
        broken = 'data: {"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}\n\n'
        for ending, told in (
            ("", "broke off"),
            ('data: {"error":{"message":"The step failed."}}\n\n', "The step failed."),
        ):
            page.route(CHAT, streaming(broken + ending))
            page.click("#new")
            seen.ask("hello")
            expect(page.locator(".answer .markdown")).to_have_text("half")
            expect(page.locator(".failure")).to_contain_text(told)
            page.unroute(CHAT)


def a_server_that_is_away(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """A splash, by itself and by hand back to where one was; the words that were typed are still there."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.allowed = PROVOKED
        page.fill("#question", "typed before")
        seen.context.set_offline(True)
        page.press("#question", "Enter")
        expect(page.locator("#splash")).to_be_visible()
        expect(page.locator("#splash-title")).to_have_text("The server is away")
        seen.shot("away")
        seen.context.set_offline(False)
        page.locator("#retry").click()
        expect(page.locator("#splash")).to_be_hidden()
        expect(page.locator(".failure")).to_contain_text("does not answer")
        page.get_by_role("button", name="Try again").click()
        seen.rest()
        expect(page.locator(".failure")).to_have_count(0)

        def warming(route: Route) -> None:
            route.fulfill(status=503, content_type="application/json", body='{"status": "warming"}')

        page.route("**/health/ready", warming)
        page.reload()
        expect(page.locator("#splash-title")).to_have_text("The model is warming up")
        seen.shot("warming")
        page.unroute("**/health/ready")
        expect(page.locator("#splash")).to_be_hidden()


def a_server_that_wants_a_key(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """The settings open at the key, and with it the page goes on."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.allowed = PROVOKED
        error = {"error": {"message": "The API key is missing or wrong.", "code": "invalid_api_key"}}

        def guard(route: Route) -> None:
            if route.request.headers.get("authorization") == "Bearer right":
                return route.continue_()
            return route.fulfill(status=401, content_type="application/json", body=json.dumps(error))

        page.route("**/v1/**", guard)
        page.reload()
        expect(page.locator("#settings")).to_be_visible()
        expect(page.get_by_label("API key")).to_be_focused()
        page.keyboard.type("right")
        page.keyboard.press("Tab")
        expect(page.locator("#model")).not_to_be_empty()
        page.keyboard.press("Escape")
        seen.ask("hello")
        expect(page.locator(".answer")).to_have_attribute("data-state", "done")


CHECKS = [refusals_are_told, a_server_that_is_away, a_server_that_wants_a_key]
