"""Kills site and hub (SIGKILL) and cuts the link between them again and again while images travel; counts what was lost.

    link_crash.py --rekkas EXECUTABLE --image CT.dcm --rounds N [--images 6] [--kbit 4000] [--seed 1]

Each round: new images of a new study go to the site by C-STORE, and at random moments the site, the hub, both, or the link end, and
start again. Every image that the site acknowledged must come to the hub whole, and its samples must be those that were sent. At the end
`rekkas verify` reads everything at both ends. Ends with one JSON line; exit status 1 when anything was lost or differs.
"""
import argparse
import hashlib
import json
import pathlib
import random
import shutil
import tempfile
import time
import urllib.error

from image_template import Template
from link_servers import Server
from part10 import parts
from thin_proxy import ThinProxy
from upper_layer import CT, EXPLICIT, Association

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True, help="an explicit little endian CT image")
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--images", type=int, default=6)
ap.add_argument("--kbit", type=int, default=4000)
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--keep", action="store_true", help="leave the folders there")
options = ap.parse_args()
chance = random.Random(options.seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-link-"))
template = Template(options.image, options.seed)
KEY = "".join(f"{chance.randrange(256):02x}" for _ in range(32))


(work / "sites.yaml").write_text(f"sites:\n  - name: MIDELT\n    key: {KEY}\n")
hub = Server(options.rekkas, "hub", work / "hub", ["--set", f"link.sites={work}/sites.yaml"])
hub.start()
proxy = ThinProxy(hub.http, options.kbit)
site = Server(options.rekkas, "site", work / "site", ["--name", "MIDELT", "--hub", f"http://127.0.0.1:{proxy.port}", "--set", "cases.seal-after=1"], {"REKKAS_LINK_KEY": KEY})
site.start()

acknowledged = {}  # uid: (study, series, digest of the samples)


def pixel_data(data):
    """The samples of an explicit little endian data set whose last element is Pixel Data (OW)."""
    at = data.rindex(b"\xe0\x7f\x10\x00OW")
    length = int.from_bytes(data[at + 8:at + 12], "little")
    return data[at + 12:at + 12 + length]


def push(count):
    template.fresh_study()
    sent = 0
    try:
        association = Association(site.dicom, [(CT, EXPLICIT)])
        for _ in range(count):
            uid, data = template.fresh()
            if association.store(CT, uid, data) == 0:
                acknowledged[uid] = (template.study, template.series, hashlib.sha256(pixel_data(data)).hexdigest())
                sent += 1
    except (OSError, ConnectionError):
        pass
    return sent


def whole(uid):
    """True, or why the hub does not have the image: "missing" or "differs"."""
    study, series, digest = acknowledged[uid]
    try:
        kind, body = hub.get(f"/dicom-web/studies/{study}/series/{series}/instances/{uid}/frames/1",
                             'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1')
    except urllib.error.HTTPError as error:
        return "missing" if error.code in (404, 503) else f"answered {error.code}"
    return True if hashlib.sha256(parts(kind, body)[0][1]).hexdigest() == digest else "differs"


def disturb():
    what = chance.choice(["site", "hub", "both", "cut", "cut", "nothing"])
    if what in ("site", "both"):
        site.kill()
    if what in ("hub", "both"):
        hub.kill()
    if what == "cut":
        proxy.cut(chance.uniform(0, 0.5))
    time.sleep(chance.uniform(0, 0.1))
    if what in ("hub", "both"):
        hub.start()
    if what in ("site", "both"):
        site.start()
    return what


counts, started = {}, time.monotonic()
for _ in range(options.rounds):
    push(options.images)
    for _ in range(chance.randrange(1, 4)):
        time.sleep(chance.uniform(0.02, 0.6))
        what = disturb()
        counts[what] = counts.get(what, 0) + 1

open_images, deadline = set(acknowledged), time.monotonic() + 120 + 2 * options.rounds
reasons = {}
while open_images and time.monotonic() < deadline:
    time.sleep(0.3)
    for uid in sorted(open_images):
        reasons[uid] = whole(uid)
        if reasons[uid] is True:
            open_images.discard(uid)
differs = sum(reasons.get(u) == "differs" for u in open_images)
deadline = time.monotonic() + 30
while time.monotonic() < deadline:  # the receipts, too
    queue = json.loads(site.get("/api/v1/site")[1])["queue"]
    if queue["objects"] == 0:
        break
    time.sleep(0.2)
seconds = time.monotonic() - started
sizes = sum(p.stat().st_size for p in (hub.data / "objects").rglob("*.dcm"))
site.stop()
hub.stop()
proxy.close()
verify = {s.kind: s.verify() for s in (hub, site)}
kills = sum(counts.get(k, 0) for k in ("site", "hub", "cut")) + 2 * counts.get("both", 0)
result = {
    "rounds": options.rounds, "acknowledged": len(acknowledged), "whole": len(acknowledged) - len(open_images), "lost": len(open_images) - differs,
    "differs": differs, "disturbances": counts, "queue_at_the_end": queue["objects"], "hub_bytes": sizes, "bytes_up": proxy.bytes["up"],
    "sent_again_per_disturbance": round(max(0, proxy.bytes["up"] - sizes) / max(1, kills)), "seconds": round(seconds, 1),
    "verify": {k: v.returncode for k, v in verify.items()},
}
bad = open_images or queue["objects"] or any(v.returncode for v in verify.values())
if bad:
    result["reasons"] = {u: reasons.get(u) for u in sorted(open_images)[:10]}
    result["verify_says"] = {k: v.stdout[-500:] + v.stderr[-500:] for k, v in verify.items()}
    result["folder"] = str(work)
print(json.dumps(result))
if not bad and not options.keep:
    shutil.rmtree(work)
raise SystemExit(1 if bad else 0)
