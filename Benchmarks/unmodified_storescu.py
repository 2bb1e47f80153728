"""DCMTK's storescu exactly as it comes sends 300 CT slices to each peer as it comes: the 40 ms trap, and who avoids it.

    unmodified_storescu.py --harness DIR --relay hub.json [--images 300] [--rounds 3]
"""
import argparse
import pathlib
import subprocess
import sys
import time

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay")
ap.add_argument("--images", type=int, default=300)
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--peers", default="storescp,orthanc112")
o = ap.parse_args()
sys.path.insert(0, o.harness)
import common  # noqa: E402
import peers  # noqa: E402

files = sorted((common.WORK / "corpus" / "ct").glob("*.dcm"))[:o.images]
names = peers.chosen(o, "store")
got = {n: [] for n in names}
for r in range(o.rounds):
    for n in common.rotated(names, r):
        p = peers.make(n, o.relay)
        p.start()
        try:
            t = time.perf_counter()
            # The slow peers get a tenth of the images: they need 45 ms for each whatever the number.
            part = files if n.startswith("rekkas") else files[:max(1, len(files) // 10)]
            done = subprocess.run(["storescu", "-aec", p.aet, "127.0.0.1", str(p.dicom_port), *map(str, part)], capture_output=True)
            got[n].append((len(part) / (time.perf_counter() - t), done.returncode))
        finally:
            p.stop()
            p.clean()
rows = [[n, common.med([x for x, _ in got[n]]), len(files), sum(code for _, code in got[n])] for n in names]
best = max(r[1] for r in rows if not r[0].startswith("rekkas"))
common.table(f"unmodified storescu, CT, one association, median of {o.rounds}", ["peer", "images/s", "images", "failures", "x best peer"],
             [r + [r[1] / best] for r in rows])
common.emit("unmodified-storescu", rates={r[0]: r[1] for r in rows})
