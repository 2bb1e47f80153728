"""A study over an emulated rural link, from the site's C-STORE to the last byte at the hub, with times for each stage.

    thin_link.py --harness DIR --relay hub.json --relay-edge site.json [--runs vsat:ct:300,3g:ct:100,edge:ct:30,3g:dx:1]
                 [--cut-every S --outage S --outage-mode reset|stall] [--kill-every S --kill site|hub|either] [--limit 900]

A run is LINK:KIND:COUNT; the links are those of the harness's thinlink.py. Times count from the first byte of the first C-STORE. A
picture counts when the hub's /thumbnail has answered with it; layers and bytes are what the hub says is durable. At the end every
object is read again by its digest (rekkas verify) at the hub, and some pictures are compared with the files that were sent.

"Again a cut": what came out of the line beyond the bytes of the files, with what goes with every request, for each cut and kill: at most two
requests should be sent again. What was on the line when it was cut (half a round trip of it at most) is not in that.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import threading
import time

import pydicom
import requests

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay", required=True)
ap.add_argument("--relay-edge", required=True)
ap.add_argument("--runs", default="vsat:ct:300,3g:ct:100,edge:ct:30,3g:dx:1")
ap.add_argument("--cut-every", type=float, default=0)
ap.add_argument("--outage", type=float, default=3)
ap.add_argument("--outage-mode", default="reset")
ap.add_argument("--kill-every", type=float, default=0)
ap.add_argument("--kill", choices=("site", "hub", "either"), default="either")
ap.add_argument("--limit", type=float, default=900)
o = ap.parse_args()
sys.path.insert(0, o.harness)
import common  # noqa: E402
import peers  # noqa: E402
import thinlink  # noqa: E402


class Tap:
    """The emulated link in front of the hub's web port."""

    def __init__(self, tag, port, profile):
        self.port, self.stats = peers.free_port(), common.WORK / "links" / f"{tag}.json"
        self.stats.parent.mkdir(exist_ok=True, parents=True)
        self.stats.unlink(missing_ok=True)
        cut = ["--cut-every", str(o.cut_every), "--outage", str(o.outage), "--outage-mode", o.outage_mode] if o.cut_every else []
        self.p = subprocess.Popen([sys.executable, f"{o.harness}/thinlink.py", "--listen", str(self.port), "--target", f"127.0.0.1:{port}",
                                   "--profile", profile, "--stats", str(self.stats), *cut], stdout=subprocess.PIPE)
        self.p.stdout.readline()

    def close(self):
        self.p.terminate()
        self.p.wait()
        return json.loads(self.stats.read_text())


def get(session, peer, path, **kw):
    return session.get(f"http://127.0.0.1:{peer.http_port}{path}", timeout=30, **kw)


def first_picture(session, hub, study):
    """Whether the hub draws a thumbnail of any instance of the study."""
    r = get(session, hub, f"/dicom-web/studies/{study}/instances?limit=5", headers={"Accept": "application/dicom+json"})
    for row in r.json() if r.status_code == 200 and r.text else []:
        series, instance = row["0020000E"]["Value"][0], row["00080018"]["Value"][0]
        t = get(session, hub, f"/dicom-web/studies/{study}/series/{series}/instances/{instance}/thumbnail", headers={"Accept": "image/jpeg"})
        if t.status_code == 200 and t.content[:2] == b"\xff\xd8":
            return True
    return False


def compare(session, hub, study, files):
    """Samples of files that were sent against what the hub holds now."""
    different = 0
    for f in files:
        ds = pydicom.dcmread(f)
        r = get(session, hub, f"/dicom-web/studies/{study}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}/frames/1",
                headers={"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'})
        body = r.content.split(b"\r\n\r\n", 1)[-1].rsplit(b"\r\n--", 1)[0]
        different += r.status_code != 200 or body[:len(ds.PixelData)] != ds.PixelData[:len(body)] or len(body) < ds.Rows * ds.Columns * 2
    return different


def two_requests(profile):
    """Bytes of two requests on a link, as the article LinkKeeping has it."""
    rate, trip = thinlink.PROFILES[profile]["up_kbit"] * 125, thinlink.PROFILES[profile]["rtt_ms"] / 1000
    return 2 * rate * max(min(3, max(1, 2 * trip + 0.2)), min(2, 65536 / rate))


def killer(stop, peers_at_risk, deaths):
    """Ends one of the programs (SIGKILL) every so often, and starts it again."""
    chance = random.Random(1)
    while not stop.wait(o.kill_every):
        peer = chance.choice(peers_at_risk)
        peer.kill9()
        peer.start(fresh=False)
        deaths.append(peer.name)


def run(profile, kind, count):
    tag = f"ours-{profile}-{kind}-{count}"
    spec = json.loads(pathlib.Path(o.relay).read_text())
    hub = peers.make(spec.get("name", "relay"), o.relay, common.WORK / "link" / (tag + "-hub"))
    files = sorted((common.WORK / "corpus" / kind).glob("*.dcm"))[:count]
    study = str(pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)
    raw = sum(f.stat().st_size for f in files)
    hub.start()
    tap = Tap(tag, hub.http_port, profile)
    edge = json.loads(pathlib.Path(o.relay_edge).read_text())
    edge = json.loads(json.dumps(edge).replace("{uplink_http}", str(tap.port)))
    site = peers.Relay(common.WORK / "link" / (tag + "-site"), edge)
    session, marks, stored = requests.Session(), {}, {}
    try:
        site.start()
        for _ in range(100):  # the session is open, as at every site that is at work
            if get(session, site, "/api/v1/site").json()["link"]["state"] == "connected":
                break
            time.sleep(0.1)
        before = json.loads(tap.stats.read_text()) if tap.stats.exists() else {}
        stop, deaths = threading.Event(), []
        mortals = {"site": [site], "hub": [hub], "either": [site, hub]}[o.kill]
        reaper = threading.Thread(target=killer, args=(stop, mortals, deaths))
        t0 = time.monotonic()

        def push():
            common.cstorm(site, files, 1, tag)
            stored["s"] = time.monotonic() - t0
        pushing = threading.Thread(target=push)
        pushing.start()
        peak = 0
        p = {}
        while time.monotonic() - t0 < o.limit and "complete" not in marks:
            time.sleep(0.05)
            if o.kill_every and not reaper.is_alive() and not pushing.is_alive():
                reaper.start()
            try:
                if "first picture" not in marks:
                    if first_picture(session, hub, study):
                        marks["first picture"] = time.monotonic() - t0
                    continue
                r = get(session, hub, f"/api/v1/studies/{study}/progress")
            except requests.RequestException:
                if not o.kill_every:
                    raise
                continue
            now = time.monotonic() - t0
            if r.status_code != 200:
                continue
            p = r.json()
            for name, key in (("visible", "visible"), ("thumbnails", "withThumbnail"), ("drafts", "withDraft"), ("previews", "withPreview")):
                if name not in marks and p[key] >= count:
                    marks[name] = now
            if p["whole"] >= count:
                marks["complete"] = now
            try:
                peak = max(peak, site.rss_mb())
            except (AttributeError, OSError):  # just killed
                pass
            time.sleep(0.15)
        stop.set()
        if reaper.is_alive():
            reaper.join()
        time.sleep(1.5)
        different = compare(session, hub, study, files[:: max(1, count // 10)]) if "complete" in marks else None
        status = get(session, site, "/api/v1/site").json()
    finally:
        stop.set()
        site.kill9()
        hub.stop()
        stats = tap.close()
    verify = subprocess.run([hub.argv()[0], "verify", "--data", str(hub.storage), "--json"], capture_output=True, text=True)
    rate = thinlink.PROFILES[profile]["up_kbit"] * 125
    encoded = p.get("bytesHere", 0)
    up, down = (stats[way] - before.get(way, 0) for way in ("up_bytes", "down_bytes"))
    ends = stats["cuts"] + len(deaths)
    again = (up - encoded) / ends if ends else None
    out = {"link": profile, "kind": kind, "count": count, "raw_bytes": raw, "encoded_bytes": encoded, "marks": marks, "stored_s": stored.get("s"),
           "up_bytes": up, "down_bytes": down, "connections": stats["connections"], "cuts": stats["cuts"], "kills": deaths,
           "sent_again_per_cut": again, "two_requests": two_requests(profile), "ideal_s": encoded / rate, "site_peak_rss_mb": peak,
           "different": different, "verify": verify.returncode, "rate_kbit": status["link"].get("rateKbit"), "progress": p}
    for peer in (hub, site):
        peer.clean()
    return out


rows = []
for spec in o.runs.split(","):
    profile, kind, count = spec.split(":")
    r = run(profile, kind, int(count))
    common.emit("thin_link", **r)
    m = r["marks"]
    rows.append([spec, m.get("first picture"), m.get("visible"), m.get("thumbnails"), m.get("drafts"), m.get("previews"), m.get("complete"), r["ideal_s"],
                 r["encoded_bytes"] / 1e6, r["up_bytes"] / max(1, r["encoded_bytes"]), r["down_bytes"] / 1e3, r["cuts"], len(r["kills"]),
                 r["sent_again_per_cut"] and r["sent_again_per_cut"] / 1e3, r["two_requests"] / 1e3, r["site_peak_rss_mb"],
                 f'{r["different"]}, {r["verify"]}'])
common.table("over the thin link, seconds", ["link:kind:images", "first picture", "all visible", "all thumbnails", "12 KB", "40 KB", "complete", "ideal",
                                             "MB encoded", "x sent", "kB down", "cuts", "kills", "kB again a cut", "kB of 2 requests", "site MB", "differ, verify"], rows)
