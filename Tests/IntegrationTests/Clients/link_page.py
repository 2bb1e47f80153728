"""A case from the phone of the staff to the reader's screen, in real browsers, against a real site and hub.

    link_page.py HUB_BASE SITE_BASE STORESCU SITE_DICOM_PORT FOLDER_OF_A_CT [FOLDER_FOR_SCREENSHOTS]

Prints one JSON object: which steps were seen, which stages the picture went through, and what should not have happened.
"""
import json
import pathlib
import re
import subprocess
import sys
import time

from playwright.sync_api import expect, sync_playwright

hub, site, storescu, port, images = sys.argv[1:6]
shots = pathlib.Path(sys.argv[6]) if len(sys.argv) > 6 else None
NAME = "Tazikannt"
steps, stages, problems, foreign, leaked, overflows = [], [], [], [], [], []
expect.set_options(timeout=30_000)


def watched(browser, width, height, base):
    page = browser.new_page(viewport={"width": width, "height": height})

    def heard(message):
        # What is not there yet (503), and what stays closed (403), is told in the console by the browser itself.
        if message.type == "error" and "status of 503" not in message.text and "status of 403" not in message.text:
            problems.append(message.text)

    def asked(request):
        if not request.url.startswith((base, "data:", "blob:")):
            foreign.append(request.url)
        if NAME.lower() in request.url.lower():
            leaked.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", asked)
    return page


def look(page, name):
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
        overflows.append(name)
    kept = page.evaluate("JSON.stringify([localStorage.length, sessionStorage.length, location.href])")
    if not kept.startswith("[0,0,") or NAME.lower() in kept.lower():
        leaked.append(kept)
    if shots:
        page.screenshot(path=str(shots / f"{name}.png"), full_page=True)


def choose(page, name, value):
    """Taps one of the big buttons, as a finger does."""
    page.locator(f"label[for={name}-{value}]").click()


with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    phone = watched(browser, 390, 844, site)
    reader = watched(browser, 1280, 860, hub)

    # The staff sees that the link stands.
    phone.goto(f"{site}/?lang=fr")
    expect(phone.locator("#linkstate")).to_contain_text("Connecté")
    steps.append("connected")
    look(phone, "site-home")

    # A case in under a minute: here without images yet.
    began = time.monotonic()
    phone.locator("a.big").click()
    choose(phone, "urgency", "emergency")
    phone.fill("#question", "Hématome extradural ?")
    phone.fill("#family", NAME)
    phone.fill("#given", "Salma")
    phone.fill("#id", "12")
    choose(phone, "sex", "F")
    choose(phone, "consent", "yes")
    look(phone, "site-form")
    phone.locator("button.big").click()
    phone.wait_for_url(re.compile("#/case/"))
    took = time.monotonic() - began
    number = phone.url.split("/")[-1]
    expect(phone.locator(".casefacts h1")).to_have_text(number)
    steps.append("case made")

    # It is on the reader's worklist before any image, which is the first view by now.
    reader.goto(f"{hub}/?lang=fr#/cases")
    row = reader.locator(f'[data-case="{number}"]')
    expect(row).to_contain_text("Urgence vitale")
    expect(row).to_contain_text("Hématome extradural ?")
    expect(row).to_contain_text("Consentement donné")
    expect(row).to_contain_text(NAME)
    steps.append("on the worklist")

    # A modality pushes images that say nothing of the case: they wait without one.
    pushed = subprocess.run(
        [storescu, "-aet", "CT1", "-aec", "REKKAS", "+sd", "127.0.0.1", port, images], capture_output=True, text=True, timeout=60)
    assert pushed.returncode == 0, pushed.stderr
    phone.locator(".backlink").click()
    loose = phone.locator("[data-unassigned]")
    expect(loose).to_have_count(1)
    steps.append("images unassigned")

    # One tap joins them, one takes it back.
    def join():
        loose.get_by_role("button", name="Joindre à un cas").click()
        phone.locator("dialog .choice").first.click()
        # The phantom's name and number are not the form's: the page asks before it joins two people.
        expect(phone.locator("dialog h2")).to_contain_text("un autre patient")
        phone.get_by_role("button", name="Joindre quand même").click()
        expect(phone.locator(f'[data-case="{number}"] [data-progress]')).to_have_count(1)

    join()
    steps.append("joined")
    phone.locator("#toast button").click()
    expect(loose).to_have_count(1)
    steps.append("undone")
    join()
    steps.append("joined again")
    look(phone, "site-sending")

    # The reader sees them come, opens the case by keyboard, and looks at one picture until it is the original.
    expect(row.locator("[data-progress] [role=progressbar]")).to_have_count(1)
    expect(row.locator(".steps")).to_contain_text("10")
    steps.append("progress")
    look(reader, "hub-worklist")
    row.locator("h2 a").focus()
    reader.keyboard.press("Enter")
    expect(reader.locator(".casepage .question")).to_have_text("Hématome extradural ?")
    expect(reader.locator("[data-instance]")).to_have_count(10)
    expect(reader.locator(".stranger")).to_be_visible()
    look(reader, "hub-case")
    reader.locator("[data-instance]").last.click()
    expect(reader.locator("dialog .beside .question")).to_have_text("Hématome extradural ?")
    steps.append("question beside")
    badge = reader.locator("dialog .onpicture")
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        words = badge.text_content() if badge.is_visible() else ""
        if words and (not stages or stages[-1] != words):
            stages.append(words)
            if shots:
                reader.screenshot(path=str(shots / f"hub-picture-{len(stages)}.png"))
        if words == "Original":
            steps.append("original")
            break
        time.sleep(0.1)
    reader.keyboard.press("Escape")

    # The staff says that it is all; the reader hears it.
    phone.locator(f'[data-case="{number}"] h3 a').click()
    phone.get_by_role("button", name="Tout est là").click()
    phone.locator("dialog .primary").click()
    expect(phone.locator(".seal").first).to_be_visible()
    look(phone, "site-case")
    steps.append("sealed")
    reader.goto(f"{hub}/?lang=fr#/cases")
    expect(row.locator(".progress.complete")).to_have_count(1, timeout=90_000)
    expect(row.locator(".seal").first).to_be_visible()
    steps.append("complete")

    # The patient's answer is taken back: the pictures close, and open in an emergency only.
    phone.get_by_role("link", name="Modifier").click()
    expect(phone.locator("#question")).to_have_value("Hématome extradural ?")
    choose(phone, "consent", "later")
    phone.locator("button.big").click()
    phone.wait_for_url(re.compile("#/case/"))
    expect(row.locator(".consent.missing")).to_be_visible()
    row.locator("h2 a").click()
    expect(reader.locator(".shut")).to_be_visible()
    assert reader.locator("[data-instance]").count() == 0
    look(reader, "hub-closed")
    steps.append("closed without consent")
    reader.get_by_role("button", name="Urgence vitale").click()
    reader.fill("#reason", "AVC en cours, famille injoignable")
    reader.locator(".danger").click()
    expect(reader.locator("[data-instance] img").first).to_be_visible()
    steps.append("opened in emergency")

    # The same in the other languages and sizes: nothing is cut off, and everything turns round in Arabic.
    for base, page, places in ((site, phone, ["", "new", f"case/{number}"]), (hub, reader, ["cases", f"case/{number}", "studies"])):
        for language, width, height in (("ar", 390, 844), ("ar", 1280, 860), ("en", 390, 844), ("fr", 390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            for place in places:
                page.goto(f"{base}/?lang={language}#/{place}")
                expect(page.locator("main h1, main h2").first).to_be_visible()
                time.sleep(0.4)
                assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
                look(page, f"{'site' if base == site else 'hub'}-{place.split('/')[0] or 'home'}-{language}-{width}")
    browser.close()
print(json.dumps({
    "number": number, "formSeconds": took, "steps": steps, "stages": stages, "problems": problems, "foreign": foreign, "leaked": leaked,
    "overflows": overflows}, ensure_ascii=False))
