"""Both colour schemes, the width of a phone, the keyboard alone, axe-core."""

import pathlib

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from browser import Seen

# What a rule of axe-core's may be about: nothing is left out here.
GRAVE = ("serious", "critical")


def examine(seen: Seen, where: str) -> None:
    """No serious finding of axe-core's, nothing wider than the window."""
    seen.page.wait_for_timeout(600)
    findings = [
        f"{each['id']} ({each['impact']}): {[node['target'] for node in each['nodes']][:4]}"
        for each in Axe().run(seen.page).response["violations"]
    ]
    grave = [each for each in findings if any(f"({impact})" in each for impact in GRAVE)]
    assert not grave, f"{where}: {grave}"
    if findings:
        print(f"page: axe-core, {where}: {findings}")
    wide = seen.page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
          const box = node.getBoundingClientRect();
          return box.width > 0 && box.right > innerWidth + 1 && !node.closest(".scroll, pre, .unseen, .side, .skip")
            && getComputedStyle(node).visibility !== "hidden";
        }).map((node) => node.tagName + "." + node.className).slice(0, 5)"""
    )
    assert not wide, f"{where}: wider than the window: {wide}"


def every_view(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """Each view of the page in both colour schemes, at the width of a desk and of a phone."""
    for scheme in ("light", "dark"):
        for name, size in (("desk", (1280, 860)), ("phone", (390, 844))):
            context = {
                "viewport": {"width": size[0], "height": size[1]},
                "color_scheme": scheme,
                "has_touch": name == "phone",
            }
            with Seen(browser, url, folder, **context) as seen:
                page, where = seen.page, f"{scheme}-{name}"
                expect(page.locator(".sample img").last).to_be_visible()
                seen.shot(f"{where}-welcome")
                examine(seen, f"{where}, welcome")
                page.locator(".sample").first.click()
                expect(page.locator("#drafts li")).to_have_count(1)
                expect(page.locator("#question")).to_have_value("What word is written?")
                examine(seen, f"{where}, draft")
                seen.shot(f"{where}-draft")
                page.press("#question", "Enter")
                seen.rest()
                expect(page.locator(".question .veil")).to_have_count(2)
                page.locator("#talk").evaluate("node => { node.scrollTop = 0; }")
                examine(seen, f"{where}, answer")
                seen.shot(f"{where}-answer")
                page.locator(".question").get_by_role("button", name="Enlarge").click()
                expect(page.locator("#picture-window tbody tr")).to_have_count(3)
                examine(seen, f"{where}, picture")
                seen.shot(f"{where}-picture")
                page.keyboard.press("Escape")
                page.click("#compare")
                seen.ask("What word is written?")
                expect(page.locator(".comparison-figures tbody tr").first).to_be_visible()
                examine(seen, f"{where}, comparison")
                seen.shot(f"{where}-comparison")
                page.click("#open-settings")
                examine(seen, f"{where}, settings")
                seen.shot(f"{where}-settings")
                page.keyboard.press("Escape")
                if name == "phone":
                    page.click("#open-side")
                    expect(page.locator("#history .open")).to_be_visible()
                    examine(seen, f"{where}, list")
                    seen.shot(f"{where}-list")
                    page.keyboard.press("Escape")
                    expect(page.locator("#side.open")).to_have_count(0)


def the_keyboard_alone(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """From the sample to the answer and its picture without a pointer; what has the focus can be seen."""
    with Seen(browser, url, folder) as seen:
        page = seen.page

        def reach(what: str, most: int = 60) -> None:
            for _ in range(most):
                if page.evaluate("what => document.activeElement.matches(what)", what):
                    style = page.evaluate(
                        """() => { const n = document.activeElement;
                          const seen = (e) => e && getComputedStyle(e).outlineStyle !== "none";
                          return n.tagName === "TEXTAREA" || seen(n) || seen(n.nextElementSibling); }"""
                    )
                    assert style, f"the focus on {what} cannot be seen"
                    return
                page.keyboard.press("Tab")
            raise AssertionError(f"{what} is not reached by Tab")

        page.locator("body").press("Tab")
        reach(".sample")
        page.keyboard.press("Enter")
        expect(page.locator("#drafts li")).to_have_count(1)
        expect(page.locator("#question")).to_be_focused()
        reach("#budget input")
        page.keyboard.press("ArrowLeft")
        reach("#compare")
        page.focus("#question")
        page.keyboard.press("Enter")
        seen.rest()
        expect(page.locator("#question")).to_be_focused()
        for _ in range(40):
            page.keyboard.press("Shift+Tab")
            if page.evaluate("document.activeElement.matches('.question .choice input')"):
                break
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        reach("[aria-label='Enlarge and try budgets']")
        page.keyboard.press("Enter")
        expect(page.locator("#picture-window")).to_be_visible()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Enlarge and try budgets"


CHECKS = [every_view, the_keyboard_alone]
