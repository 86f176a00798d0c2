"""Pictures: dropped, pasted, picked, removed, turned upright, converted; budgets and kept tokens before asking."""

import base64
import pathlib
import re

from playwright.sync_api import Browser, expect

from browser import ORIENTED, SIGN, Seen

# One pixel; the server does not read GIF, the browser does.
GIF = base64.b64decode("R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=")


def counts_of(seen: Seen) -> tuple[int, int]:
    """Kept and all tokens, as the slider says them."""
    words = seen.page.inner_text("#budget .budget-value span")
    found = re.search(r"([\d,]+) of ([\d,]+)", words)
    assert found, words
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def slide(seen: Seen, slider: str, key: str, times: int = 1) -> None:
    """Moves a slider by the keyboard."""
    for _ in range(times):
        seen.page.press(slider, key)


def pictures_come_and_go(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Drop, paste, pick, remove; files that are no pictures."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.drop_sign()
        page.focus("#question")
        seen.paste(("pasted.png", "image/png", SIGN.read_bytes()))
        expect(page.locator("#drafts li")).to_have_count(2)
        page.set_input_files("#files", str(SIGN))
        expect(page.locator("#drafts li")).to_have_count(3)
        seen.shot("drafts")
        page.get_by_role("button", name="Remove pasted.png").click()
        expect(page.locator("#drafts li")).to_have_count(2)
        seen.drop(("notes.png", "image/png", b"no picture at all"))
        expect(page.locator("#notice")).to_contain_text("notes.png is not a picture")
        seen.drop(("notes.txt", "text/plain", b"words"))
        expect(page.locator("#notice")).to_contain_text("Only pictures")
        expect(page.locator("#drafts li")).to_have_count(2)


def the_slider_counts(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Counts before asking follow the slider, asked once it rests."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        asked = seen.bodies("/v1/visual_tokens")
        seen.drop_sign()
        kept, full = counts_of(seen)
        assert 0 < kept < full, (kept, full)
        slider = "#budget input[type=range]"
        before = len(asked)
        slide(seen, slider, "ArrowRight", 5)
        expect(page.locator("#budget .budget-value strong")).to_have_text("40 %")
        expect(page.locator("#budget .budget-value span")).to_have_text(re.compile(r"[\d,]+ of [\d,]+"))
        more, _ = counts_of(seen)
        assert more > kept, (more, kept)
        assert len(asked) - before < 5, "each step of the slider was asked for"
        assert all("messages" not in body for body in asked), "counts need no bytes of pictures"
        slide(seen, slider, "End")
        expect(page.locator("#budget .budget-value strong")).to_have_text("All tokens")
        expect(page.locator("#budget .budget-value span")).to_have_text(re.compile(r"[\d,]+ of [\d,]+"))
        assert counts_of(seen) == (full, full)
        assert page.get_attribute(slider, "aria-valuetext") == f"All tokens, {full:,} of {full:,} tokens"


def kept_tokens_before_asking(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """The picture's window: tokens lit tile by tile, scores by pointer and in a table, another budget by the slider."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        seen.drop_sign()
        asked = seen.bodies("/v1/visual_tokens")
        page.click(".draft-picture")
        window = page.locator("#picture-window")
        expect(window.locator("tbody tr")).to_have_count(3)
        expect(window.locator(".veil")).to_have_count(2)
        kept = [int(each) for each in window.locator("tbody tr td:nth-child(2)").all_inner_texts()]
        badges = [int(each) for each in window.locator(".badges span").all_inner_texts()]
        assert badges == kept[1:], (badges, kept)
        scores = window.locator("tbody tr td:nth-child(4)").all_inner_texts()
        assert all(re.fullmatch(r"\d+\.\d{3}", each) for each in scores[1:]), scores
        box = window.locator(".kept").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
        expect(window.locator(".hint")).to_contain_text(
            re.compile(
                r"Tile 2: \d+ tokens, score \d.*Token \d+, \d+: (kept|dropped), attention \d+ % of the most", re.S
            )
        )
        expect(window.locator(".edge.marked")).to_have_count(1)
        seen.shot("picture-window")
        slide(seen, "#picture-window input[type=range]", "ArrowLeft", 4)
        expect(window.locator("tbody tr td:nth-child(2)").first).not_to_have_text(str(kept[0]))
        fewer = [int(each) for each in window.locator("tbody tr td:nth-child(2)").all_inner_texts()]
        assert sum(fewer) < sum(kept), (fewer, kept)
        assert "messages" in asked[0], "the first time the picture is sent"
        assert "digest" in asked[-1]["images"][0], "then its digest is enough"
        window.locator(".choice label", has_text="Full view").click()
        expect(window.locator(".veil")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(window).to_be_hidden()
        expect(page.locator("#budget .budget-value strong")).to_have_text("10 %")


def pictures_are_sent_as_they_are(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """An orientation stays in the file for the server to apply; only what it cannot read is drawn anew."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        counted = seen.bodies("/v1/visual_tokens")
        asked = seen.bodies("/v1/chat/completions")
        data = ORIENTED.read_bytes()
        seen.drop(("turned.jpg", "image/jpeg", data))
        expect(page.locator("#budget .budget-value span")).to_have_text(re.compile(r"[\d,]+ of [\d,]+"))
        seen.drop(("drawn.gif", "image/gif", GIF))
        expect(page.locator("#drafts li")).to_have_count(2)
        expect(page.locator(".draft-note")).to_have_text("Converted")
        seen.ask("What does the image say?")
        parts = [part for part in asked[0]["messages"][-1]["content"] if part["type"] == "image_url"]
        sent = [base64.b64decode(part["image_url"]["url"].split(",", 1)[1]) for part in parts]
        assert sent[0] == data, "the JPEG was changed"
        assert sent[1].startswith(b"\x89PNG"), "the GIF was not converted"
        size = page.evaluate(
            "() => { const i = document.querySelector('.question img'); return [i.naturalWidth, i.naturalHeight]; }"
        )
        assert [counted[0]["images"][0]["width"], counted[0]["images"][0]["height"]] == size, (counted[0], size)


CHECKS = [pictures_come_and_go, the_slider_counts, kept_tokens_before_asking, pictures_are_sent_as_they_are]
