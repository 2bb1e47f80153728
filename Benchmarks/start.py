"""Seconds from exec to the first C-ECHO with 10,000 studies in the archive: after a clean end, and after kill -9.

    start.py --harness DIR --relay hub.json [--rounds 5]
"""
import argparse
import sys

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay", required=True)
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--peers", default="orthanc112-nd")
o = ap.parse_args()
sys.path.insert(0, o.harness)
import common  # noqa: E402
import peers  # noqa: E402

files = sorted((common.WORK / "corpus" / "index").glob("*.dcm"))
rows, out = [], {}
for n in peers.chosen(o, "store"):
    p = peers.make(n, o.relay)
    p.start()
    try:
        j = common.cstorm(p, files, 4, "start")
        idle = p.rss_mb()
        clean, killed = [], []
        for _ in range(o.rounds):
            p.stop()
            clean.append(p.start(fresh=False))
            p.kill9()
            killed.append(p.start(fresh=False))
    finally:
        p.stop()
        p.clean()
    out[n] = {"stored": j["ok"], "clean_s": common.med(clean), "killed_s": common.med(killed), "rss_mb": idle}
    rows.append([n, f'{j["ok"]}/{len(files)}', common.med(clean), max(clean), common.med(killed), max(killed), idle])
common.table(f"start to first C-ECHO, 10,000 studies, median of {o.rounds}",
             ["peer", "stored", "clean s", "max", "after kill -9 s", "max", "RSS MB after load"], rows)
common.emit("start", peers=out)
