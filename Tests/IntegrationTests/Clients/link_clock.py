"""The clocks of a site and of its hub are set by days and years while images travel: everything comes, nothing goes early, nobody waits.

    link_clock.py --rekkas EXECUTABLE --image CT.dcm --shim clock.so [--kbit 1500]

`shim` is what `cc -shared -fPIC clock.c` makes: a wall clock for one program that this script sets. Ends with one JSON line; what does not
hold is an assertion.
"""
import argparse
import datetime
import json
import pathlib
import random
import shutil
import struct
import tempfile
import time

from image_template import Template
from link_servers import Server, wait_for
from link_witness import Witness, wait_for_receipts
from thin_proxy import ThinProxy

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True, help="an explicit little endian CT image")
ap.add_argument("--shim", required=True)
ap.add_argument("--kbit", type=int, default=1500)
options = ap.parse_args()
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-clock-"))
KEY, DAY = "55" * 32, 86_400.0
HEARTBEAT = 5


class Clock:
    """The wall clock of a program."""

    def __init__(self, name):
        self.path = work / f"{name}.clock"
        self.path.write_bytes(bytes(8))
        self.ahead = 0.0
        self.environment = {"LD_PRELOAD": str(pathlib.Path(options.shim).resolve()), "REKKAS_TEST_CLOCK": str(self.path)}

    def set(self, seconds):
        """So far from the true time, from now on."""
        with open(self.path, "r+b") as f:
            f.write(struct.pack("<q", int(seconds * 1e9)))
        self.ahead = seconds


(work / "sites.yaml").write_text(f"sites:\n  - name: MIDELT\n    key: {KEY}\n")
sites_clock, hubs_clock = Clock("site"), Clock("hub")
hub = Server(options.rekkas, "hub", work / "hub", ["--set", f"link.sites={work}/sites.yaml"], hubs_clock.environment).start()
proxy = ThinProxy(hub.http, options.kbit, 0.1)
site = Server(options.rekkas, "site", work / "site", ["--name", "MIDELT", "--hub", f"http://127.0.0.1:{proxy.port}", "--set", f"link.heartbeat={HEARTBEAT}",
                                                      "--set", "archive.keep-sent-for=48"], {"REKKAS_LINK_KEY": KEY, **sites_clock.environment}).start()
template = Template(options.image, 40)
witness = Witness(template)
numbers, studies, happened = [], [], {}


def case():
    """Opens a case at the site, and sends it the images of the newest study later; its number."""
    made = site.json("/api/v1/cases", "POST", {"urgency": "urgent", "specialty": "radiology", "question": f"Question {len(numbers)} ?",
                                               "patient": {"id": str(len(numbers)), "name": "ESSAI"}, "consent": {"given": True}})
    assert made["number"] not in numbers, f"{made['number']} was given twice"
    numbers.append(made["number"])
    return made


def push(count=4):
    made = case()
    assert witness.push(site, count) == count, "the site refuses images"
    studies.append(template.study)
    site.json(f"/api/v1/cases/{made['number']}/studies/{template.study}", "PUT")
    site.json(f"/api/v1/cases/{made['number']}/seal", "POST")


def failures():
    return sum(float(line.split()[-1]) for line in site.get("/metrics", "text/plain")[1].decode().split("\n")
               if line.startswith("rekkas_sender_failures"))


def is_at_the_site(study):
    return site.request("GET", f"/dicom-web/studies/{study}/instances", accept="application/dicom+json")[0] == 200


def everything_comes(what):
    missing = witness.wait(hub, witness.acknowledged, 90)
    assert not missing, f"{what}: {len(missing)} images did not come: {sorted({str(witness.reasons[u]) for u in missing})}"
    assert wait_for_receipts(site) == 0, f"{what}: the receipts did not come"
    wait_for(f"{what}: every case is at the hub", lambda: all(hub.request("GET", f"/api/v1/cases/{n}")[0] == 200 for n in numbers))
    listed = {c["number"]: c for c in hub.json("/api/v1/worklist")["cases"]}
    for number in numbers:
        here, there = site.json(f"/api/v1/cases/{number}"), listed[number]
        assert here["createdAt"] == there["createdAt"], f"{what}: {number} has two times"
        datetime.datetime.fromisoformat(here["createdAt"].replace("Z", "+00:00"))


def link():
    return site.json("/api/v1/site")["link"]


def people_are_told(what):
    """The site says that its clock and the hub's are apart, and by how much, when they are; and only then."""
    apart = sites_clock.ahead - hubs_clock.ahead
    if apart:
        wait_for(f"{what}: the site says that a clock is wrong, and by how much", lambda: link().get("problem") == "clock" and link()["clock"]["isWrong"]
                 and abs(link()["clock"]["difference"] - apart) < 60, 30)
    else:
        wait_for(f"{what}: no clock is called wrong", lambda: link().get("problem") is None and not link()["clock"]["isWrong"], 30)


def jump(what, clock, seconds):
    """Sets a clock in the middle of a transfer, and again while nothing moves."""
    before = failures(), proxy.connections
    push()
    moved = proxy.bytes["up"]
    wait_for("the images are on their way", lambda: proxy.bytes["up"] > moved + 20_000)
    began = time.monotonic()
    clock.set(seconds)
    push()
    everything_comes(what)
    happened[what] = round(time.monotonic() - began, 1)
    # No storm: the connections that were there go on.
    assert failures() - before[0] <= 1 and proxy.connections - before[1] <= 3, (what, failures(), before, proxy.connections)
    # A quiet link stays a living one.
    for ahead in (seconds - 0.5 * DAY, seconds):
        time.sleep(0.3)
        clock.set(ahead)
        moved = proxy.bytes["up"]
        wait_for(f"{what}: the next sign of life", lambda: proxy.bytes["up"] > moved, 3 * HEARTBEAT)
    assert all(is_at_the_site(s) for s in studies), f"{what}: a study went from the site before its time"
    people_are_told(what)


push()
everything_comes("before")
people_are_told("before")
jump("site 3 days on", sites_clock, 3 * DAY)
time.sleep(11)  # the clerk that removes what is old looks every ten seconds
assert all(is_at_the_site(s) for s in studies), "a study went from the site before its time: only its clock was set"
site.kill()
site.start()
push()
everything_comes("site 3 days on, started again")
time.sleep(11)
assert all(is_at_the_site(s) for s in studies), "a study went from the site before its time, after a start"
jump("site 5 years back", sites_clock, -5 * 365.25 * DAY)

# The link is down while the clock is set back: nobody waits for five years.
proxy.cut(3 * HEARTBEAT)
wait_for("the site says that the link is down", lambda: link().get("problem") in ("interrupted", "unreachable"))
sites_clock.set(-10 * 365.25 * DAY)
push()
everything_comes("site 10 years back, with a dead link")
sites_clock.set(0)
people_are_told("the site's clock is right again")
jump("hub a day back", hubs_clock, -1 * DAY)
push()
hub.kill()
hub.start()
everything_comes("hub a day back, started again")

# Time that really passes counts: both clocks show it.
sites_clock.set(5 * DAY)
hubs_clock.set(5 * DAY)
wait_for("what the hub has had for days goes from the site", lambda: not any(is_at_the_site(s) for s in studies), 60)
assert len(hub.json("/api/v1/worklist")["cases"]) == len(numbers)
missing = witness.wait(hub, witness.acknowledged, 10)
assert not missing
site.stop()
hub.stop()
assert hub.verify().returncode == 0 and site.verify().returncode == 0
proxy.close()
print(json.dumps({"images": len(witness.acknowledged), "cases": len(numbers), "seconds_after_a_jump": happened}))
shutil.rmtree(work)
