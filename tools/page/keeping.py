"""What the page keeps: conversations over a reload, names, exports, settings."""

import base64
import json
import pathlib

from playwright.sync_api import Browser, expect

from browser import SIGN, Seen


def conversations_are_kept(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Stored with their pictures, renamed, exported, deleted; nothing large in localStorage."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.drop_sign()
        seen.ask("What word is written?")
        expect(page.locator("#title")).to_have_text("What word is written?")
        page.reload()
        page.wait_for_selector("#model:not(:empty)")
        page.locator("#history .open").first.click()
        expect(page.locator(".turn")).to_have_count(2)
        page.wait_for_function("document.querySelector('.question img')?.naturalWidth === 672")
        expect(page.locator(".question .veil")).to_have_count(2)
        stored = page.evaluate("JSON.stringify(localStorage).length")
        assert stored < 2000, f"{stored} characters in localStorage"
        page.get_by_role("button", name="Rename What word is written?").click()
        page.keyboard.type("The park's sign")
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_have_text("The park's sign")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Export The park's sign").click()
        file = waiting.value
        assert file.suggested_filename == "The-park-s-sign.json", file.suggested_filename
        content = json.loads(pathlib.Path(file.path()).read_text())
        picture = content["messages"][0]["content"][0]["image_url"]["url"]
        assert base64.b64decode(picture.split(",", 1)[1]) == SIGN.read_bytes()
        assert content["messages"][1]["answers"][0]["usage"]["image_tokens"]["kept"] > 0
        seen.ask("What color is the circle?")
        page.click("#new")
        expect(page.locator("#welcome")).to_be_visible()
        seen.ask("hello")
        expect(page.locator("#history li")).to_have_count(2)
        page.get_by_role("button", name="Delete hello").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#history li")).to_have_count(2)
        page.get_by_role("button", name="Delete hello").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("#history li")).to_have_count(1)
        page.click("#open-settings")
        page.get_by_role("button", name="Delete all conversations").click()
        page.get_by_role("button", name="Delete all", exact=True).click()
        page.keyboard.press("Escape")
        expect(page.locator("#history .nothing")).to_be_visible()
        left = page.evaluate(
            """() => new Promise((resolve) => {
              indexedDB.open("hired").onsuccess = (event) => {
                const database = event.target.result;
                const keys = database.transaction("pictures").objectStore("pictures").getAllKeys();
                keys.onsuccess = () => { database.close(); resolve(keys.result.length); };
              };
            })"""
        )
        assert left == 0, f"{left} pictures are left"


def settings_are_sent(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """What is set goes with the question, what is not does not; the key is kept for the session only unless wanted."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        asked = seen.bodies("/v1/chat/completions")
        # A model's template may refuse a system prompt; what is sent is what counts here.
        seen.allowed = ["Failed to load resource"]
        page.click("#open-settings")
        page.get_by_label("Temperature").fill("0.5")
        page.get_by_label("Longest answer, tokens").fill("8")
        page.get_by_label("System prompt").fill("Be brief.")
        page.get_by_label("Seed").fill("7")
        page.get_by_label("Strategy").select_option("uniform")
        page.get_by_label("API key").fill("a-key")
        page.get_by_label("Budget", exact=True).fill("most of it")
        page.get_by_label("Budget", exact=True).press("Tab")
        assert page.evaluate("JSON.parse(localStorage['hired.options']).budget") == "", (
            "a budget that is none was taken"
        )
        page.get_by_label("Budget", exact=True).fill("64")
        page.get_by_label("Budget", exact=True).press("Tab")
        seen.shot("settings")
        page.keyboard.press("Escape")
        expect(page.locator("#settings")).to_be_hidden()
        seen.drop_sign()
        expect(page.locator("#budget .budget-value strong")).to_have_text("64 tokens")
        with page.expect_request("**/v1/chat/completions") as waiting:
            seen.ask("What word is written?")
        assert waiting.value.headers["authorization"] == "Bearer a-key"
        body = asked[0]
        assert body["visual_tokens"] == {"budget": 64, "strategy": "uniform"}, body["visual_tokens"]
        assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.5, 8, 7)
        assert "top_p" not in body
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert page.evaluate("[localStorage['hired.key'] ?? '', sessionStorage['hired.key']]") == ["", "a-key"]


def what_is_kept_is_bounded(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """The oldest pictures go where all are too large, the oldest conversations where there are too many; never the one
    at hand. Both also from the browser's own storage.
    """
    with Seen(browser, url, folder) as seen:
        kept = seen.page.evaluate(
            """async () => {
              const { Store } = await import(new URL("page/store.js", document.baseURI));
              const store = new Store((words) => { throw new Error(words); });
              await store.open();
              for (let number = 0; number < 310; number += 1) {
                const picture = `picture-${number}`;
                await store.addPicture(picture, new Blob([String(number)]));
                // Sizes are what was noted of them: ten of 30 MB, then small ones, then one of 200 MB.
                const size = number < 10 ? 30_000_000 : number === 309 ? 200_000_000 : 1000;
                const turns = [{ role: "user", pictures: [{ id: picture, size }] }];
                await store.save({ id: `talk-${number}`, updated: number, turns });
              }
              const database = await new Promise((resolve) => {
                indexedDB.open("hired").onsuccess = (event) => resolve(event.target.result);
              });
              const all = (name) => new Promise((resolve) => {
                const keys = database.transaction(name).objectStore(name).getAllKeys();
                keys.onsuccess = () => resolve(keys.result);
              });
              const found = { talks: await all("conversations"), pictures: await all("pictures") };
              database.close();
              const listed = store.list();
              return { ...found, listed: listed.length, newest: listed[0].id,
                first: await store.picture("picture-10") !== null, last: await store.picture("picture-309") !== null };
            }"""
        )
        assert len(kept["talks"]) == kept["listed"] == 300, (len(kept["talks"]), kept["listed"])
        assert kept["newest"] == "talk-309" and "talk-9" not in kept["talks"] and "talk-10" in kept["talks"]
        assert kept["last"] and "picture-309" in kept["pictures"]
        assert "picture-0" not in kept["pictures"] and "picture-9" not in kept["pictures"]
        assert kept["first"] and "picture-10" in kept["pictures"], "what still fits stays"


def too_much_at_once_loses_old_pictures_alone(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """A conversation whose pictures went keeps its words."""
    with Seen(browser, url, folder) as seen:
        left = seen.page.evaluate(
            """async () => {
              const { Store } = await import(new URL("page/store.js", document.baseURI));
              const store = new Store((words) => { throw new Error(words); });
              await store.open();
              for (const number of [1, 2, 3]) {
                await store.addPicture(`picture-${number}`, new Blob([String(number)]));
                const turns = [{ role: "user", text: "words", pictures: [{ id: `picture-${number}`, size: 120_000_000 }] }];
                await store.save({ id: `talk-${number}`, updated: number, turns });
              }
              const there = [];
              for (const number of [1, 2, 3]) there.push(await store.picture(`picture-${number}`) !== null);
              const { turns } = store.get("talk-1");
              return { there, words: turns[0].text, gone: turns[0].pictures[0].gone };
            }"""
        )
        assert left == {"there": [False, True, True], "words": "words", "gone": True}, left


CHECKS = [conversations_are_kept, what_is_kept_is_bounded, too_much_at_once_loses_old_pictures_alone, settings_are_sent]
