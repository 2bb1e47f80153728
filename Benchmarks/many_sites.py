"""Many simulated sites against one hub: how much it takes in, how long an answer takes, and what that costs.

    many_sites.py --harness DIR --relay hub.json [--sites 160] [--seconds 30] [--batch 64] [--paced]

Each site is a session of its own that sends new images in batches of --batch KB, one in flight, each answer only after the hub's flush. Paced: one
batch a second, as over 512 kbit/s. Not paced: as fast as the hub answers. The sites run on the same processors as the hub.
"""
import argparse
import json
import multiprocessing
import pathlib
import re
import sys
import threading
import time
import urllib.request

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay", required=True)
ap.add_argument("--sites", type=int, default=160)
ap.add_argument("--seconds", type=float, default=30)
ap.add_argument("--batch", type=int, default=64)
ap.add_argument("--paced", action="store_true")
o = ap.parse_args()
root = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [o.harness, str(root / "Tests/IntegrationTests/Clients")]
import common  # noqa: E402
import peers  # noqa: E402
from image_template import Template  # noqa: E402
from link_client import LinkObject, LinkSite, announce, header, segment  # noqa: E402

IMAGE = root / "TestImages/ct-1.dcm"


def keys():
    return {f"S{n:03d}": bytes([n % 256]) * 32 for n in range(o.sites)}


def one_site(port, name, key, seed, end, results):
    raw = IMAGE.read_bytes()
    template = Template(IMAGE, seed)
    front = raw[:len(raw) - len(template.data)]
    site = LinkSite(port, name, key)
    site.open()
    template.fresh_study()
    times, sent = [], 0
    while time.time() < end:
        uid, data = template.fresh()
        # The file meta information names the instance, too; readers go by the data set.
        image = LinkObject(front + data)
        at = image.header
        records = [announce([image]), header(image)]
        while at < len(image.file) and time.time() < end:
            started = time.time()
            stop = min(len(image.file), at + o.batch * 1024)
            site.batch(*records, segment(image, at, stop))
            times.append(time.time() - started)
            sent += stop - at
            at, records = stop, []
            if o.paced:
                time.sleep(max(0, started + 1 - time.time()))
    results.append((times, sent))


def worker(port, part, end, queue):
    results = []
    threads = [threading.Thread(target=one_site, args=(port, n, k, 100 + int(n[1:]), end, results)) for n, k in part]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    queue.put(results)


def metric(p, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{p.http_port}/metrics").read().decode()
    return sum(float(v) for v in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


spec = json.loads(pathlib.Path(o.relay).read_text())
spec["files"] = {"sites.yaml": {"sites": [{"name": n, "key": k.hex()} for n, k in keys().items()]}}
hub = peers.Relay(common.WORK / "link" / "many", spec)
hub.start()
try:
    queue, all_sites = multiprocessing.Queue(), list(keys().items())
    started = time.time()
    end = started + o.seconds
    parts = [all_sites[i::4] for i in range(4)]
    procs = [multiprocessing.Process(target=worker, args=(hub.http_port, part, end, queue)) for part in parts]
    for p in procs:
        p.start()
    results = [r for _ in procs for r in queue.get()]
    took = time.time() - started
    ticks = [int(x) for x in pathlib.Path(f"/proc/{hub.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]]
    times = sorted(t for r in results for t in r[0])
    at = lambda q: times[min(len(times) - 1, int(q * len(times)))] * 1e3  # noqa: E731
    flushes, whole = metric(hub, r"rekkas_arrivals_flush_duration\w*_count"), metric(hub, r"rekkas_arrivals_whole\w*")
    out = {"sites": o.sites, "paced": o.paced, "batch_kb": o.batch, "requests_s": len(times) / took, "mb_s": sum(r[1] for r in results) / took / 1e6,
           "p50_ms": at(.5), "p95_ms": at(.95), "p99_ms": at(.99), "hub_cpu": sum(ticks) / 100 / took, "hub_rss_mb": hub.rss_mb(), "flushes_s": flushes / took,
           "whole": whole, "damaged": metric(hub, r"rekkas_arrivals_damaged\w*")}
finally:
    hub.stop()
    hub.clean()
common.emit("many_sites", **out)
common.table(f"{o.sites} sites, {'one batch a second each' if o.paced else 'as fast as the hub answers'}",
             ["requests/s", "MB/s", "p50 ms", "p95 ms", "p99 ms", "hub CPU", "hub MB", "flushes/s", "images whole"],
             [[out[k] for k in ("requests_s", "mb_s", "p50_ms", "p95_ms", "p99_ms", "hub_cpu", "hub_rss_mb", "flushes_s", "whole")]])
