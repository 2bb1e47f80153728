"""Opens the hub's page in a real browser, wide and phone-sized, in three languages, and looks around.

    page.py HTTP_BASE [FOLDER_FOR_SCREENSHOTS]
"""
import json
import pathlib
import sys
import time

from playwright.sync_api import sync_playwright

base = sys.argv[1]
shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
out = []


def pictures(page, selector):
    """Waits until one of the pictures is drawn. Asked from outside: the page's own policy forbids eval."""
    for _ in range(100):
        if page.evaluate("s => [...document.querySelectorAll(s)].some(i => i.complete && i.naturalWidth > 0)", selector):
            return
        time.sleep(0.2)
    raise TimeoutError(f"no picture in {selector}")


with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    for language, direction in (("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")):
        for size, width, height in (("wide", 1280, 800), ("phone", 390, 844)):
            page = browser.new_page(viewport={"width": width, "height": height})
            problems, foreign = [], []
            page.on("console", lambda m, to=problems: to.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda e, to=problems: to.append(str(e)))
            page.on("request", lambda r, to=foreign: to.append(r.url) if not r.url.startswith((base, "data:", "blob:")) else None)
            page.goto(f"{base}/?lang={language}")
            page.wait_for_selector("[data-study]", timeout=20000)
            pictures(page, "[data-study] img")
            row = {"language": language, "size": size, "dir": page.evaluate("document.documentElement.dir"),
                   "lang": page.evaluate("document.documentElement.lang"), "studies": page.locator("[data-study]").count(),
                   "overflow": page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")}
            if shots:
                page.screenshot(path=str(shots / f"list-{language}-{size}.png"))
            page.locator("[data-study] a, a[data-study], button[data-study]").first.click()
            page.wait_for_selector("[data-instance]", timeout=20000)
            pictures(page, "[data-instance] img")
            row["images"] = page.locator("[data-instance]").count()
            row["overflowStudy"] = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
            if shots:
                page.screenshot(path=str(shots / f"study-{language}-{size}.png"))
            row["directionRight"] = row["dir"] == direction
            row["problems"], row["foreign"] = problems, foreign
            out.append(row)
            page.close()
    browser.close()
print(json.dumps(out, ensure_ascii=False))
