"""Kills site and hub (SIGKILL) and cuts the link between them again and again while images travel; counts what was lost.

    link_crash.py --rekkas EXECUTABLE --image CT.dcm --rounds N [--images 6] [--kbit 4000] [--seed 1]

Each round: new images of a new study go to the site by C-STORE, and at random moments the site, the hub, both, or the link end, and
start again. Every image that the site acknowledged must come to the hub whole, and its samples must be those that were sent. At the end
`rekkas verify` reads everything at both ends. Ends with one JSON line; exit status 1 when anything was lost or differs.
"""
import argparse
import json
import pathlib
import random
import shutil
import tempfile
import time

from image_template import Template
from link_servers import Server
from link_witness import Witness, wait_for_receipts
from thin_proxy import ThinProxy

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

witness = Witness(template)
acknowledged = witness.acknowledged


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
    witness.push(site, options.images)
    for _ in range(chance.randrange(1, 4)):
        time.sleep(chance.uniform(0.02, 0.6))
        what = disturb()
        counts[what] = counts.get(what, 0) + 1

open_images = witness.wait(hub, acknowledged, 120 + 2 * options.rounds)
reasons = witness.reasons
differs = sum(reasons.get(u) == "differs" for u in open_images)
queue = wait_for_receipts(site)
seconds = time.monotonic() - started
sizes = sum(p.stat().st_size for p in (hub.data / "objects").rglob("*.dcm"))
site.stop()
hub.stop()
proxy.close()
verify = {s.kind: s.verify() for s in (hub, site)}
kills = sum(counts.get(k, 0) for k in ("site", "hub", "cut")) + 2 * counts.get("both", 0)
result = {
    "rounds": options.rounds, "acknowledged": len(acknowledged), "whole": len(acknowledged) - len(open_images), "lost": len(open_images) - differs,
    "differs": differs, "disturbances": counts, "queue_at_the_end": queue, "hub_bytes": sizes, "bytes_up": proxy.bytes["up"],
    "sent_again_per_disturbance": round(max(0, proxy.bytes["up"] - sizes) / max(1, kills)), "seconds": round(seconds, 1),
    "verify": {k: v.returncode for k, v in verify.items()},
}
bad = open_images or queue or any(v.returncode for v in verify.values())
if bad:
    result["reasons"] = {u: reasons.get(u) for u in sorted(open_images)[:10]}
    result["verify_says"] = {k: v.stdout[-500:] + v.stderr[-500:] for k, v in verify.items()}
    result["folder"] = str(work)
print(json.dumps(result))
if not bad and not options.keep:
    shutil.rmtree(work)
raise SystemExit(1 if bad else 0)
