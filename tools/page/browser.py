"""What the checks of the page share: a browser, a page that tells of its errors, ways to hand it pictures."""

import base64
import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from samples import ROOT, SIGN

ORIENTED = ROOT / "Tests/ImageProcessingTests/Fixtures/files/orientation-6.jpg"
RUNNING = (
    "[data-state=waiting], [data-state=queued], [data-state=looking], [data-state=reading], [data-state=answering]"
)


class Seen:
    """A page in a context of its own, with what it has complained of."""

    def __init__(self, browser: Browser, url: str, folder: pathlib.Path | None, **context: Any) -> None:
        self.url, self.folder = url, folder
        settings = {"viewport": {"width": 1280, "height": 860}, "accept_downloads": True, **context}
        self.context = browser.new_context(**settings)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.allowed: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._hear)
        self.page.on("request", self._watch)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(re.search(each, message.text) for each in self.allowed):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.foreign.append(request.url)

    def __enter__(self) -> "Seen":
        self.page.goto(self.url)
        self.page.wait_for_selector("#model:not(:empty)")
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.context.close()
        if kind is None:
            assert not self.complaints, f"the console has complaints: {self.complaints}"
            assert not self.foreign, f"the page asked elsewhere: {self.foreign}"

    def shot(self, name: str) -> None:
        """Writes a screenshot where a folder was given."""
        if self.folder:
            self.page.wait_for_timeout(700)
            self.page.screenshot(path=self.folder / f"{name}.png")

    def drop(self, *files: tuple[str, str, bytes]) -> None:
        """Drops files, each a name, a type and bytes, as a hand would."""
        self._transfer("drop", files)

    def paste(self, *files: tuple[str, str, bytes]) -> None:
        """Pastes files."""
        self._transfer("paste", files)

    def _transfer(self, kind: str, files: tuple[tuple[str, str, bytes], ...]) -> None:
        carried = [[name, kind_, base64.b64encode(data).decode()] for name, kind_, data in files]
        self.page.evaluate(
            """([kind, files]) => {
              const transfer = new DataTransfer();
              for (const [name, type, data] of files) {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type }));
              }
              if (kind === "paste") {
                document.activeElement.dispatchEvent(new ClipboardEvent("paste", {
                  clipboardData: transfer, bubbles: true, cancelable: true }));
                return;
              }
              for (const name of ["dragenter", "dragover", "drop"]) {
                document.body.dispatchEvent(
                  new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
              }
            }""",
            [kind, carried],
        )

    def drop_sign(self) -> None:
        """Drops the demo's sign and waits for its counts."""
        self.drop_picture(SIGN)

    def drop_picture(self, path: pathlib.Path) -> None:
        """Drops a PNG of the demo's and waits for its counts."""
        self.drop((path.name, "image/png", path.read_bytes()))
        expect(self.page.locator("#drafts li")).to_have_count(1)
        expect(self.page.locator("#budget .budget-value span")).to_have_text(re.compile(r"^[\d,]+ of [\d,]+$"))

    def ask(self, text: str) -> None:
        """Asks and waits for the end of the answer."""
        self.page.fill("#question", text)
        self.page.press("#question", "Enter")
        self.rest()

    def rest(self) -> None:
        """Waits until nothing is being answered."""
        expect(self.page.locator("#stop")).to_be_hidden()
        expect(self.page.locator(RUNNING)).to_have_count(0)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """Collects the JSON that the page sends to a path from now on."""
        found: list[dict[str, Any]] = []

        def listen(request: Any) -> None:
            if request.url.endswith(path) and request.method == "POST":
                found.append(json.loads(request.post_data or "{}"))

        self.page.on("request", listen)
        return found

    def answer_with(self, text: str) -> Callable[[], None]:
        """Lets the next questions be answered with a text, whatever the server would say; the result ends that."""
        pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
        chunks = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        route = "**/v1/chat/completions"
        self.page.route(route, lambda each: each.fulfill(status=200, content_type="text/event-stream", body=body))
        return lambda: self.page.unroute(route)
