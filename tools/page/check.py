"""Drives the page of a running server in a headless Chromium. script/check-page starts it."""

import argparse
import pathlib
import sys
import time
import traceback

from playwright.sync_api import expect, sync_playwright

import accessibility
import asking
import keeping
import markdown
import pictures
import troubles

CHECKS = [check for room in (markdown, pictures, asking, keeping, troubles, accessibility) for check in room.CHECKS]


def main() -> int:
    """Runs the checks and says what each took; 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--browser", required=True)
    parser.add_argument("--screenshots", type=pathlib.Path, help="a folder for screenshots")
    parser.add_argument("--only", help="the checks whose names hold this")
    options = parser.parse_args()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    url = options.url if options.url.endswith("/") else options.url + "/"
    here = str(pathlib.Path(__file__).parent)
    failed = 0
    # A busy machine answers late.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        for check in CHECKS:
            if options.only and options.only not in check.__name__:
                continue
            start = time.monotonic()
            try:
                check(browser, url, options.screenshots)
                verdict = "passed"
            except Exception as error:
                failed += 1
                place = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith(here)][
                    -1
                ]
                print(f"{place.filename}:{place.lineno}: {place.line}\n{str(error)[:1500]}", file=sys.stderr)
                verdict = "FAILED"
            print(f"page: {check.__name__} {verdict} in {time.monotonic() - start:.1f} s", flush=True)
        print(f"page: {browser.browser_type.name} {browser.version}, {failed} failed")
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
