"""Pictures and frames of prepared images beside Orthanc: thumbnails, /rendered, a study's frames as they are kept; and how long the
preparation of a 300-slice CT takes on all processors. Orthanc comes twice: with the images as they were sent (uncompressed), and, as
NAME-j2k, with the files that we prepared and its GDCM plugin to decode them.

    imaging.py --harness DIR --relay hub.json [--rounds 3] [--peers orthanc112-nd]

Every picture that is called "made" is asked for with a viewport or a window of its own, so that no finished one answers. A "kept" thumbnail
is the one that lists ask for, `/thumbnail` without a viewport, made when the image was prepared; the peers make theirs, of the same size, for each
request. "Kept, first": every one for the first time since the start, from the index; later ones may come from memory.
"""
import argparse
import itertools
import re
import socket
import sys
import threading
import time
import urllib.request

import pydicom

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay")
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--peers", default="orthanc112-nd")
o = ap.parse_args()
sys.path.insert(0, o.harness)
import common  # noqa: E402
import peers  # noqa: E402
from bench_wado import ids  # noqa: E402

JPEG = "Accept: image/jpeg"
KEPT = 'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*'
DICOM = 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*'
sides = itertools.count()
WINDOWS = {}


def metric(p, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{p.http_port}/metrics").read().decode()
    return sum(float(v) for v in re.findall(rf"^{name}(?:_total)?(?:{{[^}}]*}})? (\S+)$", text, re.M))


def prepared(p, want, timeout=300):
    """Waits until so many objects are prepared or stay as they are; the seconds."""
    t = time.perf_counter()
    while time.perf_counter() - t < timeout:
        if metric(p, "rekkas_preparation_prepared") + metric(p, "rekkas_preparation_untouched") >= want:
            return time.perf_counter() - t
        time.sleep(0.02)
    raise SystemExit("the images were not prepared in time")


def holding_prepared(name, ours, which):
    """Another Orthanc, given the files that ours keeps."""
    gdcm = sorted((peers.TRIXIE / "usr/share/orthanc/plugins").glob("libOrthancGdcm.so*"))
    if not name.startswith("orthanc112") or not gdcm:
        return None
    p = peers.make(name, extra={"Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so", "/" + str(gdcm[0].relative_to(peers.TRIXIE))]})
    p.name = name + "-j2k"
    p.root = p.root.with_name(f"{p.name}-{p.root.name}")
    p.start()
    for t in which:
        ask = urllib.request.Request(f"http://127.0.0.1:{ours.http_port}" + instance(ours, t, ""),
                                     headers={"Accept": "application/dicom; transfer-syntax=*"})
        body = urllib.request.urlopen(ask).read()
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{p.http_port}/instances", data=body, method="POST")).read()
    return p


def instance(p, t, rest):
    return p.url(f"/studies/{t[0]}/series/{t[1]}/instances/{t[2]}{rest}")


def small(p, which, side, count):
    """Requests for pictures of about one side, each with a viewport that nobody asked for before."""
    ours = p.name.startswith("rekkas")
    out = []
    for k in range(count):
        # The first number is the wider side of the box: it limits nothing, and makes the request a new one.
        box = f"{side + 1 + next(sides)},{side}" if ours else f"{side},{side}"
        # Orthanc makes the same picture under another name.
        out.append(instance(p, which[k % len(which)], f"/{'thumbnail' if ours else 'rendered'}?viewport={box}"))
    return out


def views(p, which, side, count):
    """Requests for pictures to look at, each one that nobody asked for before; without a side at full size."""
    out = []
    for k in range(count):
        n = next(sides)
        t = which[k % len(which)]
        if not p.name.startswith("rekkas"):
            query = f"?viewport={side},{side}" if side else ""
        elif side:
            query = f"?viewport={side + 1 + n},{side}"
        else:
            # The image's own window, but for a millionth.
            center, width = WINDOWS[t[2]]
            query = f"?window={center + n * 1e-6:.6f},{width:.6f}"
        out.append(instance(p, t, "/rendered" + query))
    return out


def loads(p, ct, dx, r):
    ours = p.name.startswith("rekkas")
    # Such that each run lasts about a second.
    j2k = p.name.endswith("-j2k")
    dx_count = 800 if ours else 8 if j2k else 40
    ct_count = 1500 if ours else 100 if j2k else 300
    kept = {k: [instance(p, t, "/thumbnail" if ours else f"/rendered?viewport={side},{side}") for t in which]
            for k, which, side in (("CT", ct, 128), ("DX", dx, 192))}
    out = {}
    if ours and r == 0:
        out["thumbnail CT, kept, first, x4"] = (kept["CT"], 4, len(ct), [JPEG])
    for n in (1, 4):
        out[f"thumbnail CT, kept, x{n}"] = (kept["CT"], n, (6 if ours else 1) * ct_count, [JPEG])
        out[f"thumbnail DX, kept, x{n}"] = (kept["DX"], n, (10 if ours else 1) * dx_count, [JPEG])
        out[f"thumbnail CT 128, made, x{n}"] = (small(p, ct, 128, ct_count), n, ct_count, [JPEG])
        out[f"thumbnail DX 192, made, x{n}"] = (small(p, dx, 192, dx_count), n, dx_count, [JPEG])
    out |= {
        "rendered CT 256, x4": (views(p, ct, 256, len(ct)), 4, len(ct), [JPEG]),
        "rendered DX 1024, x1": (views(p, dx, 1024, 3 * len(dx)), 1, 3 * len(dx), [JPEG]),
        "rendered CT, full, made, x1": (views(p, ct[:60], None, 60), 1, 60, [JPEG]),
        "rendered DX, full, made, x1": (views(p, dx, None, len(dx)), 1, len(dx), [JPEG]),
        "rendered CT, full, again, x1": ([instance(p, t, "/rendered") for t in ct[:20]], 1, 200, [JPEG]),
        "rendered DX, full, again, x1": ([instance(p, t, "/rendered") for t in dx[:4]], 1, 20, [JPEG]),
        "frames of 300 CT as kept, x1": ([instance(p, t, "/frames/1") for t in ct], 1, 4 * len(ct), [KEPT]),
        "frames of 300 CT as kept, x4": ([instance(p, t, "/frames/1") for t in ct], 4, 4 * len(ct), [KEPT]),
        "study of 300 CT as kept, x1": ([p.url(f"/studies/{ct[0][0]}")], 1, 5, [DICOM]),
    }
    return {k: v for k, v in out.items() if not j2k or "kept" not in k}


def loopback(size=1 << 20, total=4 << 30):
    """GB/s of a plain socket pair over 127.0.0.1, a megabyte a call, and of a copy in memory."""
    server = socket.create_server(("127.0.0.1", 0))

    def send():
        s, _ = server.accept()
        block = bytes(size)
        for _ in range(total // size):
            s.sendall(block)
        s.close()
    threading.Thread(target=send, daemon=True).start()
    s = socket.create_connection(server.getsockname())
    room = bytearray(size)
    t = time.perf_counter()
    while s.recv_into(room):
        pass
    wire = total / (time.perf_counter() - t) / 1e9
    a, b = bytearray(64 << 20), bytearray(64 << 20)
    b[:] = a
    t = time.perf_counter()
    for _ in range(20):
        memoryview(b)[:] = a
    return wire, 20 * len(a) / (time.perf_counter() - t) / 1e9


def main():
    names = peers.chosen(o, "web", "rendered")
    corpus = common.WORK / "corpus"
    ct, dx = (sorted((corpus / k).glob("*.dcm"))[:n] for k, n in (("ct", 300), ("dx", 8)))
    ct_ids, dx_ids = ids(ct), ids(dx)
    for f, t in zip(ct + dx, ct_ids + dx_ids):
        d = pydicom.dcmread(f, specific_tags=["WindowCenter", "WindowWidth"], stop_before_pixels=True)
        WINDOWS[t[2]] = (float(d.WindowCenter), float(d.WindowWidth))
    live = {n: peers.make(n, o.relay) for n in names}
    got, facts = {}, []
    try:
        for n, p in live.items():
            p.start()
            ours = n.startswith("rekkas")
            for label, files in (("CT", ct), ("DX", dx)):
                before = metric(p, "rekkas_preparation_prepared") if ours else 0
                cpu = p.cpu()
                t = time.perf_counter()
                if common.cstorm(p, files, 4, "imaging")["ok"] != len(files):
                    raise SystemExit(f"{n} did not take all {label} images")
                stored = time.perf_counter() - t
                if ours:
                    prepared(p, before + len(files))
                    seconds = time.perf_counter() - t
                    raw = sum(f.stat().st_size for f in files) / 1e6
                    facts.append([f"{len(files)} {label} stored and prepared", seconds, stored, p.cpu() - cpu, raw, raw / seconds])
        ours = next((p for n, p in live.items() if n.startswith("rekkas")), None)
        for n in list(names):
            extra = ours and holding_prepared(n, ours, ct_ids + dx_ids)
            if extra:
                live[extra.name] = extra
                names.append(extra.name)
        for r in range(o.rounds):
            for n in common.rotated(names, r):
                p = live[n]
                for label, (urls, conns, count, headers) in loads(p, ct_ids, dx_ids, r).items():
                    cpu = p.cpu()
                    j = common.hammer(p, urls, conns, count, headers=headers, tag="imaging")
                    j["cpu_ms"] = 1e3 * (p.cpu() - cpu) / max(1, j["requests"])
                    got.setdefault(label, {}).setdefault(n, []).append(j)
        memory = [[n, p.rss_mb(), p.hwm_mb()] for n, p in live.items()]
    finally:
        for p in live.values():
            p.stop()
            p.clean()
    rows, out = [], {}
    for label, by in got.items():
        # The faster of the others is the one to compare with.
        best = max((common.med([j["req_s"] for j in js]) for n, js in by.items() if not n.startswith("rekkas")), default=None)
        for n in names:
            if n not in by:
                continue
            m = {k: common.med([j[k] for j in by[n]]) for k in ("p50_ms", "p99_ms", "req_s", "mb_s", "bytes", "requests", "cpu_ms", "ok")}
            out.setdefault(label, {})[n] = m
            rows.append([label, n, m["req_s"], m["p50_ms"], m["p99_ms"], m["mb_s"], m["bytes"] / m["requests"] / 1e3, m["cpu_ms"],
                         f'{m["ok"]:.0f}/{m["requests"]:.0f}', m["req_s"] / best if best and n.startswith("rekkas") else None])
    common.table(f"pictures and frames, median of {o.rounds}",
                 ["what", "peer", "per s", "p50 ms", "p99 ms", "MB/s", "kB each", "CPU ms", "ok", "x peer"], rows)
    common.table("preparation", ["what", "s in all", "s stored", "CPU s", "raw MB", "raw MB/s"], facts)
    common.table("memory, MB", ["peer", "RSS", "VmHWM"], memory)
    wire, copy = loopback()
    common.table("limits of this machine", ["what", "GB/s"], [["loopback, one connection", wire], ["copy in memory", copy]])
    common.emit("imaging", rounds=o.rounds, loads=out, preparation=facts, memory=memory, wire=wire, copy=copy)


main()
