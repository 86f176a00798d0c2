"""Answers' words: the Markdown module against hostile inputs, and in the page."""

import pathlib

from playwright.sync_api import Browser, expect

from browser import Seen

HERE = pathlib.Path(__file__).parent
HOSTILE = """<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>
[click](javascript:window.harmed=1) [data](data:text/html,x) ![pixel](https://example.invalid/p.png)
[fine](https://example.org/) <svg/onload=window.harmed=1> **bold *and [x](vbscript:1)** rest

```html
<iframe src="https://example.invalid/"></iframe>
```"""


def markdown_module(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """The module alone, under the page's own policy: expected trees, hostile inputs, growth, cost."""
    with Seen(browser, url, folder) as seen:
        report = seen.page.evaluate((HERE / "markdown_cases.js").read_text())
        assert report["failures"] == [], "\n".join(report["failures"])
        assert report["cases"] > 80 and report["random"] >= 3000, report
        print(f"page: {report['cases']} cases, {report['random']} random texts")


def hostile_answers(browser: Browser, url: str, folder: pathlib.Path | None) -> None:
    """An answer that attacks the page is words."""
    with Seen(browser, url, folder) as seen:
        page = seen.page
        end = seen.answer_with(HOSTILE)
        seen.ask("hello")
        end()
        answer = page.locator(".answer .markdown")
        expect(answer).to_contain_text('<img src=x onerror="window.harmed=1">')
        assert page.evaluate("window.harmed === undefined")
        assert page.locator(".markdown :is(img, script, svg:not(.icon), iframe, style, form, object)").count() == 0
        links = answer.locator("a").evaluate_all("nodes => nodes.map((node) => node.href)")
        assert links == ["https://example.invalid/p.png", "https://example.org/"], links
        expect(answer.locator("pre code")).to_have_text('<iframe src="https://example.invalid/"></iframe>')
        page.get_by_role("button", name="Copy code").click()
        assert page.evaluate("navigator.clipboard.readText()") == '<iframe src="https://example.invalid/"></iframe>'
        page.fill("#question", "<b>hello</b>\n<script>window.harmed=1</script>")
        page.press("#question", "Enter")
        expect(page.locator(".bubble").last).to_have_text("<b>hello</b>\n<script>window.harmed=1</script>")
        seen.rest()
        expect(page.locator("#history .title").first).to_have_text("hello")
        seen.shot("hostile")


CHECKS = [markdown_module, hostile_answers]
