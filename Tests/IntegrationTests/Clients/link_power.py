"""Cuts the power of a site, of its hub, or of both, while images travel between them, and counts what was lost.

    link_power.py --rekkas EXECUTABLE --image CT.dcm --rounds N [--images 8] [--kbit 3000] [--seed 1]

Each has an archive on an ext4 of its own in a loop-mounted file. At a random moment the file is copied while its program stands still:
the copy is what a disk holds after a power cut. The program is ended, the copy takes the place of the disk, and the program starts on it.
One pair of archives lives through all rounds. Of a round:

both   the power of both goes at the same moment        hub, site   the power of one, while the other goes on
apart  the hub's goes, and soon after it the site's     stale       the site comes back with its disk of some seconds ago, in which only
                                                                    bytes travelled: the hub knows more of them than the site

The site keeps nothing that the hub has acknowledged (archive.keep-sent-for=0): what the hub loses then is lost. In the end, every image
that the site acknowledged must be whole at the hub with the samples that were sent, every case that it acknowledged must be there,
and `rekkas verify` must find nothing. Needs root and loop devices. Ends with one JSON line; exit status 1 when anything was lost or differs.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error

from image_template import Template
from link_servers import Server, wait_for
from link_witness import Witness, wait_for_receipts
from thin_proxy import ThinProxy

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True, help="an explicit little endian CT image")
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--images", type=int, default=8)
ap.add_argument("--kbit", type=int, default=3000)
ap.add_argument("--seed", type=int, default=1)
options = ap.parse_args()
chance = random.Random(options.seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-power-"))
KEY = "".join(f"{chance.randrange(256):02x}" for _ in range(32))


class Powered:
    """A server whose archive lies on a disk of its own."""

    def __init__(self, server):
        self.server, self.disk, self.cut_disk = server, work / f"{server.kind}.img", work / f"{server.kind}-cut.img"
        self.mount = work / f"{server.kind}-disk"
        self.mount.mkdir()
        server.data = self.mount / "data"
        with open(self.disk, "wb") as f:
            f.truncate(1200 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self.disk)], check=True)
        self.plug_in()

    def plug_in(self):
        # What nobody flushes reaches a disk soon or late: both happen.
        subprocess.run(["mount", "-o", f"loop,commit={chance.choice([1, 5, 300])}", str(self.disk), str(self.mount)], check=True)

    def freeze(self):
        os.kill(self.server.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.server.process.pid, signal.SIGCONT)

    def copy(self):
        subprocess.run(["cp", "--sparse=always", str(self.disk), str(self.cut_disk)], check=True)

    def unplug(self):
        """Ends the program, and puts the copy in the place of the disk."""
        self.server.kill()
        self.unmount()
        self.cut_disk.rename(self.disk)
        self.plug_in()

    def unmount(self):
        for _ in range(100):
            if not os.path.ismount(self.mount) or subprocess.run(["umount", str(self.mount)], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"{self.mount} stays busy")

    def cut(self):
        self.freeze()
        self.copy()
        self.unplug()


(work / "sites.yaml").write_text(f"sites:\n  - name: MIDELT\n    key: {KEY}\n")
hub = Server(options.rekkas, "hub", work / "hub", ["--set", f"link.sites={work}/sites.yaml"])
proxy = ThinProxy(hub.http, options.kbit)
site = Server(options.rekkas, "site", work / "site", ["--name", "MIDELT", "--hub", f"http://127.0.0.1:{proxy.port}", "--set", "cases.seal-after=1",
                                                      "--set", "archive.keep-sent-for=0"], {"REKKAS_LINK_KEY": KEY})
template = Template(options.image, options.seed)
witness = Witness(template)
cases = {}  # number: what was asked, for every case that the site said to have


def work_at_the_site():
    """A case is opened, its images come one by one, it is sealed: as far as the site lives to see it."""
    try:
        question = f"Question {len(cases)} ?"
        made = site.json("/api/v1/cases", "POST", {"urgency": chance.choice(["routine", "urgent"]), "specialty": "radiology", "question": question,
                                                   "patient": {"id": str(len(cases)), "name": "ESSAI"}, "consent": {"given": True}})
        assert made["number"] not in cases, f"the number {made['number']} was given twice"
        cases[made["number"]] = question
        witness.push(site, options.images, pause=lambda: time.sleep(chance.uniform(0, 0.15)))
        site.json(f"/api/v1/cases/{made['number']}/studies/{template.study}", "PUT")
        site.json(f"/api/v1/cases/{made['number']}/seal", "POST")
    except (OSError, urllib.error.URLError):
        pass


def cut(what):
    if what == "both":
        for disk in (sites_disk, hubs_disk):
            disk.freeze()
        for disk in (sites_disk, hubs_disk):
            disk.copy()
            disk.unplug()
        return
    if what == "stale":
        sites_disk.freeze()
        sites_disk.copy()
        sites_disk.go_on()
        time.sleep(chance.uniform(0.5, 3))
        sites_disk.unplug()
        return
    if what in ("hub", "apart"):
        hubs_disk.cut()
    if what == "apart":
        time.sleep(chance.uniform(0, 1.5))
    if what in ("site", "apart"):
        sites_disk.cut()


def start_again():
    ended = [s for s in (hub, site) if s.process.poll() is not None]
    chance.shuffle(ended)
    for server in ended:
        began = time.monotonic()
        server.start()
        restarts.append(time.monotonic() - began)
        time.sleep(chance.choice([0, 0, 0.5]))


def case_is_there(number):
    status, _, body = hub.request("GET", f"/api/v1/cases/{number}")
    return status == 200 and json.loads(body)["question"] == cases[number]


kinds = ["both", "hub", "site", "apart", "stale"]
counts, restarts, started = {}, [], time.monotonic()
hubs_disk = sites_disk = None
try:
    hubs_disk, sites_disk = Powered(hub), Powered(site)
    hub.start()
    site.start()
    for n in range(options.rounds):
        what = kinds[n] if n < len(kinds) else chance.choice(kinds)
        worker = threading.Thread(target=work_at_the_site)
        worker.start()
        if what == "stale":
            worker.join()
        time.sleep(chance.uniform(0, 2.5))
        cut(what)
        start_again()
        worker.join()
        counts[what] = counts.get(what, 0) + 1
        if chance.random() < 0.3:
            missing = witness.wait(hub, witness.acknowledged, 120)
            assert not missing, f"round {n}, {what}: {[witness.reasons[u] for u in missing]} of {len(missing)} images"
    missing = witness.wait(hub, witness.acknowledged, 120 + 5 * options.rounds)
    queue = wait_for_receipts(site, 60)
    lost_cases = [c for c in cases if not case_is_there(c)]
    kept = len(list((site.data / "objects").rglob("*.dcm")))
    seconds = time.monotonic() - started
    site.stop()
    hub.stop()
    verify = {s.kind: s.verify() for s in (hub, site)}
    differs = sum(witness.reasons.get(u) == "differs" for u in missing)
    result = {
        "rounds": options.rounds, "cuts": counts, "acknowledged": len(witness.acknowledged), "whole": len(witness.acknowledged) - len(missing),
        "lost": len(missing) - differs, "differs": differs, "cases": len(cases), "cases_lost": len(lost_cases), "queue_at_the_end": queue,
        "objects_kept_at_the_site": kept, "restart_s_max": round(max(restarts), 2), "seconds": round(seconds, 1),
        "verify": {k: v.returncode for k, v in verify.items()}}
    bad = missing or lost_cases or queue or any(v.returncode for v in verify.values())
    if bad:
        result["reasons"] = {u: witness.reasons.get(u) for u in sorted(missing)[:10]}
        result["lost_cases"] = lost_cases
        result["verify_says"] = {k: v.stdout[-500:] + v.stderr[-500:] for k, v in verify.items()}
        result["folder"] = str(work)
    print(json.dumps(result))
finally:
    for powered in (hubs_disk, sites_disk):
        if powered and powered.server.process and powered.server.process.poll() is None:
            powered.server.kill()
        if powered:
            powered.unmount()
    proxy.close()
if not bad:
    shutil.rmtree(work)
raise SystemExit(1 if bad else 0)
