"""Stores files by STOW-RS, fetches /rendered of their first, middle and last frame as PNG, and compares with the reference.

    pictures.py HTTP_BASE [--twin COMPRESSED=NATIVE]... [--sheet PNG] FILE...

One JSON line per file: what was compared ("frames"), the greatest difference in grey levels ("worst"), how many samples differ by
more than one ("over") of how many ("samples"), the mean difference; the same for pictures scaled down to 128 and 61 pixels
("small_worst", "small_mean"); or why nothing was compared ("left"). --twin names a native file with the same samples, for syntaxes
that pydicom does not decode. --sheet draws reference, hub and difference side by side, for a look.
"""
import argparse
import io
import json
import pathlib
import warnings

import numpy as np
import pydicom
import requests
from PIL import Image

import reference_rendering as reference

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
Image.MAX_IMAGE_PIXELS = None
parser = argparse.ArgumentParser()
parser.add_argument("base")
parser.add_argument("--twin", action="append", default=[])
parser.add_argument("--sheet")
parser.add_argument("files", nargs="+")
arguments = parser.parse_args()
twins = dict(t.split("=") for t in arguments.twin)
web = arguments.base + "/dicom-web"
session = requests.Session()
tiles = []


def store(path):
    body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + pathlib.Path(path).read_bytes() + b"\r\n--B--\r\n"
    answer = session.post(web + "/studies", data=body, timeout=120, headers={
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=B', "Accept": "application/dicom+json"})
    kept = (answer.json() if answer.text else {}).get("00081199", {}).get("Value", [])
    return kept[0]["00081190"]["Value"][0].split("/dicom-web", 1)[1] if kept else None


def picture(where, frame, query=""):
    answer = session.get(f"{web}{where}/frames/{frame + 1}/rendered{query}", headers={"Accept": "image/png"}, timeout=120)
    if answer.status_code != 200:
        return None, f"{answer.status_code} {answer.text[:120]}"
    return np.array(Image.open(io.BytesIO(answer.content))).astype("f8"), None


def is_dct(syntax):
    return syntax and syntax.startswith("1.2.840.10008.1.2.4.5") and syntax != "1.2.840.10008.1.2.4.57"


def tile(name, expected, got):
    def small(pixels):
        image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype("u1")).convert("RGB")
        image.thumbnail((160, 160))
        return image
    if arguments.sheet:
        tiles.append((name, small(expected), small(got), small(np.abs(expected - got) * 32)))


def compare(path, out):
    twin = next((native for end, native in twins.items() if path.endswith(end)), None)
    ds = pydicom.dcmread(twin or path, force=True)
    if not any(name in ds for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        out["left"] = "no pixels"
        return
    count = int(ds.get("NumberOfFrames", 1) or 1)
    out["syntax"] = pydicom.dcmread(path, force=True, stop_before_pixels=True).file_meta.get("TransferSyntaxUID")
    out["photometric"] = ds.get("PhotometricInterpretation")
    frames, totals, smalls, n = [], [], [], 0
    for frame in sorted({0, count // 2, count - 1}):
        try:
            expected = reference.render(ds, frame)
        except Exception as e:
            out["left"] = "reference: " + f"{type(e).__name__}: {e}".split("\n")[0][:120]
            return
        if not out.get("where"):
            out["where"] = store(path)
            if not out["where"]:
                out["left"] = "not stored"
                return
        got, why = picture(out["where"], frame)
        if why:
            out["refused"] = why
            return
        if got.shape != expected.shape:
            out["shape"] = [list(expected.shape), list(got.shape)]
            return
        difference = np.abs(np.rint(expected) - got)
        frames.append(frame + 1)
        out["worst"] = max(out.get("worst", 0), float(difference.max()))
        out["over"] = out.get("over", 0) + int((difference > 1).sum())
        if is_dct(out["syntax"]) and expected.ndim == 2:
            # Two decoders of a DCT may differ by one in stored values; a narrow window makes more of it.
            steps = np.abs(reference.render(ds, frame, shift=2) - reference.render(ds, frame, shift=-2)) / 2
            out["unexplained"] = out.get("unexplained", 0) + int((difference > 1 + np.ceil(steps)).sum())
        out["samples"] = n = n + difference.size
        totals.append(difference.mean())
        if frame == 0:
            tile(pathlib.Path(path).name, expected, got)
        for side in (128, 61):
            if max(expected.shape[:2]) > side and expected.shape[:2] == (ds.Rows, ds.Columns):
                got, why = picture(out["where"], frame, f"?viewport={side},{side}")
                difference = np.abs(reference.render(ds, frame, size=got.shape[:2]) - got)
                out["small_worst"] = max(out.get("small_worst", 0), float(difference.max()))
                smalls.append(difference.mean())
    out["frames"], out["mean"] = len(frames), float(np.mean(totals))
    if smalls:
        out["small_mean"] = float(max(smalls))


for path in arguments.files:
    out = {"path": path}
    try:
        compare(path, out)
    except Exception as e:                                     # one file's trouble is that file's result
        out["error"] = f"{type(e).__name__}: {e}"[:300]
    out.pop("where", None)
    print(json.dumps(out), flush=True)

if tiles:
    across = 3
    sheet = Image.new("RGB", (across * 500, (len(tiles) + across - 1) // across * 180), "navy")
    from PIL import ImageDraw
    draw = ImageDraw.Draw(sheet)
    for i, (name, *images) in enumerate(tiles):
        x, y = i % across * 500, i // across * 180
        draw.text((x + 4, y + 164), name[:70], "white")
        for k, image in enumerate(images):
            sheet.paste(image, (x + 4 + 164 * k, y + 2))
    sheet.save(arguments.sheet)
