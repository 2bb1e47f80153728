"""What people see when something is wrong, in a real browser, against a real hub and site: refused cases and images, silent sites, wrong clocks.

    messages_page.py --rekkas EXECUTABLE --image CT.dcm [--shots FOLDER]

Prints one JSON object: which steps were seen, and what should not have happened.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
from email.utils import formatdate

from image_template import Template
from link_client import LinkObject, LinkSite, announce, header, record, segment
from link_servers import Server, wait_for
from playwright.sync_api import expect, sync_playwright
from upper_layer import CT, EXPLICIT, Association

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True)
ap.add_argument("--shots")
options = ap.parse_args()
shots = pathlib.Path(options.shots) if options.shots else None
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-messages-"))
KEYS = {"MIDELT": "11" * 32, "AZILAL": "22" * 32, "IMILCH": "33" * 32}
steps, problems, foreign, overflows = [], [], [], []
expect.set_options(timeout=30_000)


def case_number(text):
    """The number of a case: its check character is ISO/IEC 7064 MOD 37,36."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rest = 36
    for c in text.replace("-", ""):
        s = (rest + letters.index(c)) % 36 or 36
        rest = s * 2 % 37
    return text + letters[(37 - rest) % 36]


def arrivals(*arguments):
    """`rekkas arrivals`, as an administrator runs it beside the hub."""
    return subprocess.run([options.rekkas, "arrivals", *arguments], capture_output=True, text=True, timeout=60)


folder = work / "hub"
folder.mkdir()
(folder / "sites.yaml").write_text("sites:\n" + "".join(f"  - name: {n}\n    title: Centre de {n.title()}\n    key: {k}\n" for n, k in KEYS.items()))
hub = Server(options.rekkas, "hub", folder, ["--set", f"link.sites={folder}/sites.yaml"]).start()
azilal = LinkSite(hub.http, "AZILAL", bytes.fromhex(KEYS["AZILAL"]))
azilal.open()

# Another site has numbers of Midelt's: a mistake of configuration that people make.
taken = {"number": case_number("MIDELT-26-00001"), "site": "AZILAL", "createdAt": "2026-11-22T09:30:12Z", "revision": 1, "question": "?"}
assert azilal.batch(record(1, json.dumps(taken).encode()))["cases"], "the hub does not take the first case"
# What a hub says to wrong fields, as another client hears it.
wrong = {"number": case_number("AZILAL-26-00001"), "site": "AZILAL", "createdAt": "2026-11-22T09:30:12Z", "revision": 3, "patient": {"id": "1", "sex": "X"}}
refusal = azilal.batch(record(1, json.dumps(wrong).encode()))["refusedCases"][0]
assert (refusal["code"], refusal["field"], refusal["revision"]) == ("invalid", "patient.sex", 3), refusal
steps.append("refused on the link")

# One image lies at the hub with other bytes, one does not come as it was announced, one stops on its way.
raw = pathlib.Path(options.image).read_bytes()
template = Template(options.image, 31)
template.fresh_study()
(uid, kept), (_, broken), (_, resting) = template.fresh(), template.fresh(), template.fresh()
head = raw[:len(raw) - len(template.data)]
assert Association(hub.dicom, [(CT, EXPLICIT)], calling="CT9").store(CT, uid, kept) == 0
conflict = LinkObject(head + kept[:-1] + bytes([kept[-1] ^ 1]))
damaged, stopped = LinkObject(head + broken), LinkObject(head + resting)
answer = azilal.batch(announce([conflict, damaged, stopped]), header(stopped))
assert [o["reason"] for o in answer["objects"]] == ["conflict"], answer
damaged.file = damaged.file[:-1] + bytes([damaged.file[-1] ^ 1])
answer = azilal.batch(segment(damaged, 0, len(damaged.file)))
assert [o["state"] for o in answer["objects"]] == ["damaged"], answer
azilal.batch(record(6, json.dumps({
    "version": "0.1.0", "uptime": 86_400 * 3, "diskFree": 1_200_000_000, "queueObjects": 412, "queueBytes": 180_000_000, "oldestUnsent": 190_000,
    "aside": 2, "temperature": 83.5, "rateKbit": 96, "roundTrip": 640, "clockDifference": -11_520}).encode()))

# The command asks the hub that runs.
listed = arrivals("list", "--data", str(hub.data), "--http", f"127.0.0.1:{hub.http}", "--quiet-for", "0")
lines = [line.split("\t") for line in listed.stdout.splitlines()]
assert sorted((line[0], line[-1]) for line in lines) == sorted(
    [("refused", conflict.digest), ("refused", damaged.digest), ("resting", stopped.digest), ("resting", damaged.digest)]), listed
assert "nothing answers" in arrivals("list", "--data", str(hub.data), "--http", "127.0.0.1:9").stderr
steps.append("listed by the command")

site = Server(options.rekkas, "site", work / "site", ["--name", "MIDELT", "--hub", f"http://127.0.0.1:{hub.http}", "--set", "link.heartbeat=5"],
              {"REKKAS_LINK_KEY": KEYS["MIDELT"]}).start()
number = site.json("/api/v1/cases", "POST", {"urgency": "urgent", "question": "Fracture du rocher ?", "patient": {"id": "77", "name": "EXEMPLE^Amina"}})["number"]
wait_for("the case is refused", lambda: site.json("/api/v1/site")["refusedCases"])
assert site.json(f"/api/v1/cases/{number}")["delivery"]["code"] == "foreign"


def watched(browser, width, height, base):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" and "status of 404" not in m.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((base, "data:", "blob:")) else foreign.append(r.url))
    return page


def look(page, name):
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
        overflows.append(name)
    if shots:
        page.screenshot(path=str(shots / f"{name}.png"), full_page=True)


SIZES = (("fr", 390, 844), ("ar", 390, 844), ("en", 390, 844), ("fr", 1280, 860), ("ar", 1280, 860), ("en", 1280, 860))

with sync_playwright() as p:
    browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    there, here = f"http://127.0.0.1:{site.http}", f"http://127.0.0.1:{hub.http}"

    # The staff sees why the centre does not take the case, and what to do.
    phone = watched(browser, 390, 844, there)
    phone.goto(f"{there}/?lang=fr")
    expect(phone.locator(".card.refused")).to_contain_text(number)
    trouble = phone.locator(f'[data-refused="{number}"]')
    expect(trouble).to_contain_text("attribue le numéro de ce cas à un autre site")
    expect(trouble).to_contain_text("Que faire ?")
    steps.append("refused case on the home view")
    phone.locator(".card.refused a").click()
    phone.wait_for_url(re.compile(f"#/case/{number}"))
    expect(phone.locator(f'[data-refused="{number}"]')).to_be_visible()
    before = len([e for e in site.json(f"/api/v1/cases/{number}")["events"] if e["what"] == "refused"])
    phone.locator(f'[data-refused="{number}"]').get_by_role("button", name="Réessayer l’envoi").click()
    wait_for("the case was tried again", lambda: len([e for e in site.json(f"/api/v1/cases/{number}")["events"] if e["what"] == "refused"]) > before)
    steps.append("tried again by hand")

    # A clock that is wrong, a field that is wrong, and pictures of some images only: as the site would say it.
    def answer_as_the_site(route, value):
        # With the server's clock, which every answer of the site carries.
        route.fulfill(json=value, headers={"Date": formatdate(usegmt=True)})

    def changed(route):
        status = site.json("/api/v1/site")
        status["link"].update(problem="clock", state="connected", clock={"difference": -11_520, "isWrong": True})
        study = {"study": "2.25.9", "urgency": "routine", "modality": "CT", "description": "Thorax", "objects": 300, "prepared": 40, "sent": 5, "readable": 12,
                 "aside": 2, "bytes": 40_000_000, "bytesSent": 2_000_000, "percent": 5, "stage": "partial", "sealed": False, "storedAt": "2026-11-22T09:30:12Z"}
        status["studies"] = [study]
        status["aside"] = [{"instance": f"2.25.9.{n}", "study": "2.25.9", "code": code, "reason": f"refused by the hub: {code}", "failures": 3} for n, code in enumerate(("conflict", "damaged"))]
        answer_as_the_site(route, status)

    def loose(route):
        answer_as_the_site(route, {"studies": [{"study": "2.25.9", "patientID": "12", "patientName": "EXEMPLE^Amina", "accessionNumber": "", "studyDate": "20261122",
                                         "description": "Thorax", "receivedAt": "1970-01-01T00:03:00Z", "modalities": ["CT"], "instances": 300}], "version": 1})

    def field(route):
        status, _, body = site.request("GET", "/api/v1/cases?state=open&limit=100")
        answer = json.loads(body)
        for one in answer["cases"]:
            one["delivery"] = {**one["delivery"], "code": "invalid", "field": "patient.sex", "text": "patient.sex: not M, F, O or empty"}
        answer_as_the_site(route, answer)

    phone.route("**/api/v1/site?*", changed)
    phone.route("**/api/v1/unassigned?*", loose)
    phone.route("**/api/v1/cases?*", field)
    # The phone's own clock is two days ahead: ages are the server's all the same.
    phone.add_init_script("const real = Date.now; Date.now = () => real() + 172800000;")
    expected = {"fr": ("retarde de 3 h 12 min", "12 images sur 300 sont déjà lisibles", "« Sexe »", "heure inconnue", "2 images n’ont pas pu partir"),
                "en": ("3 hrs 12 mins behind", "12 of 300 images can be read", "“Sex”", "time unknown", "2 images could not be sent"),
                "ar": ("متأخرة", "300 مقروءة", "«الجنس»", "وقت غير معروف", "تعذر إرسال صورتين")}
    for language, width, height in SIZES:
        phone.set_viewport_size({"width": width, "height": height})
        phone.goto("about:blank")
        phone.goto(f"{there}/?lang={language}")
        clock, readable, sex, unknown, aside = expected[language]
        problem = phone.locator('[data-problem="clock"]')
        expect(problem).to_be_visible()
        words = problem.text_content().replace("\u00a0", " ").replace("\u202f", " ").replace("hr ", "hrs ")
        assert clock in words or language == "en" and "3 hrs 12 min" in words, words
        expect(phone.locator("[data-unassigned]")).to_contain_text(readable)
        expect(phone.locator("[data-unassigned]")).to_contain_text(unknown)
        expect(phone.locator(f'[data-refused="{number}"]')).to_contain_text(sex)
        expect(phone.locator(".card.queue")).to_contain_text(aside)
        ages = phone.locator(f'[data-case="{number}"] .mark time').text_content()
        assert not any(word in ages for word in ("2 ", "avant", "day", "يوم")), ages
        assert phone.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        look(phone, f"site-{language}-{width}")
    steps.append("clock, field, counts and ages in three languages")
    phone.close()

    # The administrator sees which sites are silent and where something is wrong.
    desk = watched(browser, 1280, 860, here)
    desk.goto(f"{here}/?lang=fr")
    desk.get_by_role("link", name="Administration").click()
    desk.wait_for_url(re.compile("/admin"))
    card = lambda name: desk.locator(f'[data-site="{name}"]')
    expect(card("IMILCH")).to_have_attribute("data-state", "bad")
    expect(card("IMILCH")).to_contain_text("Jamais entendu")
    expect(card("MIDELT")).to_contain_text("Répond")
    expect(card("MIDELT").locator('[data-trouble="cases"]')).to_contain_text(number)
    for trouble in ("clock", "disk", "oldest", "aside", "hot", "cases"):
        expect(card("AZILAL").locator(f'[data-trouble="{trouble}"]')).to_be_visible()
    assert "retarde de 3 h 12 min" in card("AZILAL").text_content().replace("\u00a0", " ").replace("\u202f", " ")
    assert desk.locator(".sitecard").first.get_attribute("data-site") == "IMILCH", "what is worst stands first"
    steps.append("sites")
    # Ten minutes later, as far as this page can tell, nobody has been heard.
    old = [{**one, **({"lastSeen": "2026-11-20T09:30:12Z"} if one["site"] == "AZILAL" else {})} for one in hub.json("/api/v1/sites")]
    desk.route("**/api/v1/sites?*", lambda route: route.fulfill(json=old))
    desk.reload()
    expect(card("AZILAL")).to_contain_text("Silencieux depuis")
    expect(card("AZILAL")).to_have_attribute("data-state", "bad")
    steps.append("silent site")

    # What was not taken: why, and what to do; off the list, or thrown away after a question.
    for language, width, height in SIZES:
        desk.set_viewport_size({"width": width, "height": height})
        for place in ("sites", "arrivals"):
            desk.goto("about:blank")
            desk.goto(f"{here}/admin?lang={language}#/{place}")
            expect(desk.locator("[data-site], [data-arrival]").first).to_be_visible()
            assert desk.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
            look(desk, f"admin-{place}-{language}-{width}")
    desk.set_viewport_size({"width": 1280, "height": 860})
    desk.goto("about:blank")
    desk.goto(f"{here}/admin?lang=fr#/arrivals")
    refused = desk.locator('[data-list="refused"]')
    expect(refused.locator(f'[data-arrival="{conflict.digest}"]')).to_contain_text("autre chose sous le même identifiant")
    expect(refused.locator(f'[data-arrival="{damaged.digest}"]')).to_contain_text("ne sont pas ceux annoncés")
    expect(desk.locator('[data-list="abandoned"] [data-arrival]')).to_have_count(0)
    desk.select_option("#quiet", "0")
    rest = desk.locator(f'[data-list="abandoned"] [data-arrival="{stopped.digest}"]')
    expect(rest).to_contain_text("ici")
    steps.append("arrivals")
    refused.locator(f'[data-arrival="{conflict.digest}"]').get_by_role("button", name="Retirer de la liste").click()
    expect(refused.locator(f'[data-arrival="{conflict.digest}"]')).to_have_count(0)
    rest.get_by_role("button", name="Jeter ce qui est ici").click()
    look(desk, "admin-discard")
    desk.locator("dialog .danger").click()
    expect(rest).to_have_count(0)
    steps.append("discarded")
    browser.close()

# What was damaged once is whole after the next try, and no business of anybody any more.
damaged.file = head + broken
assert damaged.digest in azilal.batch(announce([damaged]), segment(damaged, 0, len(damaged.file)))["receipts"]
assert hub.json("/api/v1/arrivals?days=0")["refused"] == []
steps.append("settled by itself")

# Silence outlives the hub, and the command opens the archive when nobody else does.
azilal.batch(announce([stopped]), header(stopped))
seen = {one["site"]: one.get("lastSeen") for one in hub.json("/api/v1/sites")}
site.stop()
hub.stop()
gone = arrivals("discard", stopped.digest, "--data", str(hub.data))
assert gone.returncode == 0 and "gone" in gone.stdout, gone
assert arrivals("discard", stopped.digest, "--data", str(hub.data)).returncode == 1
again = arrivals("list", "--data", str(hub.data), "--quiet-for", "0")
assert again.returncode == 0 and again.stdout == "" and "Nothing was refused" in again.stderr, again
hub.start()
known = {one["site"]: one.get("lastSeen") for one in hub.json("/api/v1/sites")}
assert known["AZILAL"] == seen["AZILAL"] and known.get("IMILCH") is None, (known, seen)
hub.stop()
steps.append("remembered")
shutil.rmtree(work)
print(json.dumps({"steps": steps, "problems": problems, "foreign": foreign, "overflows": overflows}, ensure_ascii=False))
