"""What the ladder's codec costs: encoding beside the bare OpenJPEG call with the same parameters, and bytes of the lossless codestreams
beside JPEG-LS and HTJ2K, over the real images.

    codec.py --rekkas FILE --corpus DIR --data DIR --work DIR [--rounds 5]
"""
import argparse
import collections
import json
import math
import pathlib
import shutil
import subprocess
import sys

import numpy
import pydicom

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--corpus", required=True, type=pathlib.Path, help="of the harness: its ct and dx")
ap.add_argument("--data", type=pathlib.Path, help="real images, by modality")
ap.add_argument("--work", required=True, type=pathlib.Path)
ap.add_argument("--rounds", type=int, default=5)
o = ap.parse_args()
here = pathlib.Path(__file__).resolve().parent
o.work.mkdir(parents=True, exist_ok=True)


def measure(paths):
    done = subprocess.run([o.rekkas, "measure", "--json", "--profile", str(here.parent / "Config/profiles/default.yaml"), *map(str, paths)],
                          capture_output=True, text=True)
    return {i["path"]: i for i in json.loads(done.stdout)["images"]}


def step(image, name):
    return next((s for s in image["steps"] if s["name"] == name), None)


def table(title, head, rows):
    cells = [[f"{c:.2f}" if isinstance(c, float) else str(c) for c in r] for r in [head, *rows]]
    widths = [max(len(r[i]) for r in cells) for i in range(len(head))]
    print(f"\n## {title}")
    for k, r in enumerate(cells):
        print("| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |")
        if k == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def encoding():
    """Processor time, the shortest of several rounds, both in turns in one process."""
    tool, codecs = o.work / "encoding", here.parent / "Sources/CCodecs"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libopenjp2"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", f"-I{codecs}", f"-I{codecs}/include", "-o", tool, here / "encoding.c",
                    *sorted(codecs.glob("jpeg2000_*.c")), codecs / "bytes.c", *flags], check=True)
    rows = []
    for kind, first, count, layers in (("ct", 100, 6, "4096,12288,40960,122880"), ("dx", 0, 1, "4096,12288,40960,122880,491520")):
        raw = []
        for f in sorted((o.corpus / kind).glob("*.dcm"))[first:first + count]:
            d = pydicom.dcmread(f)
            raw.append(o.work / (f.stem + ".raw"))
            raw[-1].write_bytes(d.PixelData)
        done = subprocess.run([tool, str(o.rounds), layers, str(d.Columns), str(d.Rows), str(d.BitsStored), str(d.PixelRepresentation), *raw],
                              capture_output=True, text=True, check=True)
        lines = [list(map(float, line.split())) for line in done.stdout.splitlines()]
        a, b = (sum(line[k] for line in lines) / len(lines) for k in (0, 1))
        size = len(d.PixelData) / 1e3
        rows.append([kind.upper(), len(raw), size / a, size / b, b / a, max(abs(int(line[2] - line[3])) for line in lines)])
    table("encoding on one processor", ["images", "number", "ours MB/s", "bare OpenJPEG MB/s", "ours / bare", "bytes apart"], rows)


def high_throughput(path, frame):
    """Bytes of one frame as lossless HTJ2K by OpenJPH; None where it cannot be asked."""
    try:
        d = pydicom.dcmread(path)
        a = d.pixel_array
    except Exception:
        return None
    if int(d.get("NumberOfFrames", 1) or 1) > 1:
        a = a[frame]
    if a.dtype.itemsize > 2:
        return None
    a = a.astype(numpy.int64)
    if d.PixelRepresentation:
        a += 1 << (d.BitsAllocated - 1)
    top = (1 << (d.BitsStored if not d.PixelRepresentation else d.BitsAllocated)) - 1
    if a.min() < 0 or a.max() > top:
        return None
    image = o.work / ("one.ppm" if a.ndim == 3 else "one.pgm")
    kind = b"P6" if a.ndim == 3 else b"P5"
    image.write_bytes(kind + f"\n{a.shape[1]} {a.shape[0]}\n{top}\n".encode() + a.astype(">u2" if top > 255 else "u1").tobytes())
    out = o.work / "one.j2c"
    out.unlink(missing_ok=True)
    subprocess.run(["ojph_compress", "-i", image, "-o", out, "-reversible", "true"], capture_output=True)
    return out.stat().st_size if out.exists() else None


def sizes():
    files = sorted(p for p in (o.data / "modalities").rglob("*.dcm"))
    images = measure(files)
    has_ht = shutil.which("ojph_compress") is not None
    if not has_ht:
        print("# ojph_compress (package openjph-tools) is not here: no column of HTJ2K")
    by = collections.defaultdict(list)
    for path, i in images.items():
        ladder, ls, raw = (step(i, n) for n in ("lossless", "JPEG-LS", "raw"))
        if not (ladder and ls and raw) or raw["bytes"] < 30_000:
            continue
        ht = high_throughput(path, i["frame"] - 1) if has_ht else None
        by[pathlib.Path(path).relative_to(o.data / "modalities").parts[0]].append(
            [raw["bytes"] / s if s else None for s in (ladder["bytes"], ls["bytes"], ht)])
    rows = []
    for kind, ratios in sorted(by.items()) + [("all", [r for v in by.values() for r in v])]:
        means = []
        for column in range(3):
            values = [r[column] for r in ratios if r[column]]
            means.append(math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan"))
        rows.append([kind, len(ratios), *means, means[0] / means[1], means[0] / means[2]])
    table("lossless ratio against native pixels, geometric mean over real images of at least 30 KB",
          ["kind", "images", "ladder", "JPEG-LS", "HTJ2K", "ladder / JPEG-LS", "ladder / HTJ2K"], rows)


encoding()
if o.data and o.data.is_dir():
    sizes()
else:
    print("# no folder of real images: sizes are left out", file=sys.stderr)
