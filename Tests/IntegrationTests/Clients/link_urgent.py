"""An emergency behind a transfer that takes hours: its first bytes are at the hub within 5 s, its first picture within 10.

    link_urgent.py --rekkas EXECUTABLE --image CT.dcm [--megabytes 200] [--kbit 512] [--round-trip 0.6] [--most-rss 150]

The transfer: a clip of frames that stay as they are (half of the megabytes) and a study of images of 1 MB each (the other half), both routine.
While the link is full of it, two things happen one after the other:

device   a device that a rule calls urgent stores a CT image
form     the staff open an urgent case, and its image comes with the case's Accession Number

Ends with one JSON line: seconds from the first byte of the C-STORE, or from the staff's act, until the hub has the case (its first bytes: it goes
before its images), the first image's header, and a picture; and the greatest memory of the site. Exit status 1 when a limit is passed.
"""
import argparse
import json
import pathlib
import random
import shutil
import struct
import tempfile
import threading
import time

from image_template import Template
from link_servers import Server, wait_for
from thin_proxy import ThinProxy
from upper_layer import CT, EXPLICIT, Association

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True, help="an explicit little endian CT image")
ap.add_argument("--megabytes", type=int, default=200)
ap.add_argument("--kbit", type=int, default=512)
ap.add_argument("--round-trip", type=float, default=0.6)
ap.add_argument("--most-rss", type=float, default=150, help="megabytes of memory that the site may take")
options = ap.parse_args()
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-urgent-"))
KEY, BASELINE, CLIP = "44" * 32, "1.2.840.10008.1.2.4.50", "1.2.840.10008.5.1.4.1.1.3.1"
FIRST_BYTES, FIRST_PICTURE = 5.0, 10.0


def element(tag, vr, value):
    value += (b" " if vr not in (b"UI", b"US") else b"\0") * (len(value) & 1)
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + struct.pack("<H", len(value)) + value


def clip(study, instance, frames, seed):
    """The pieces of an ultrasound clip of `frames` frames of 1 MB, each a JPEG that nobody packs any smaller."""
    short = [(0x00080016, b"UI", CLIP.encode()), (0x00080018, b"UI", instance.encode()), (0x00080060, b"CS", b"US"), (0x00100010, b"PN", b"ESSAI"),
             (0x00100020, b"LO", b"1"), (0x0020000D, b"UI", study.encode()), (0x0020000E, b"UI", study.encode() + b".1"),
             (0x00200013, b"IS", b"1")]
    words = [(0x00280002, 3), (0x00280010, 1024), (0x00280011, 1024), (0x00280100, 8), (0x00280101, 8), (0x00280102, 7), (0x00280103, 0)]
    elements = short + [(t, b"US", struct.pack("<H", v)) for t, v in words]
    elements += [(0x00280004, b"CS", b"YBR_FULL_422"), (0x00280006, b"US", b"\0\0"), (0x00280008, b"IS", str(frames).encode())]
    yield b"".join(element(*e) for e in sorted(elements))
    yield b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0"
    chance = random.Random(seed)
    for _ in range(frames):
        frame = b"\xff\xd8" + chance.randbytes((1 << 20) - 12) + b"\xff\xd9"
        yield b"\xfe\xff\x00\xe0" + struct.pack("<I", len(frame)) + frame
    yield b"\xfe\xff\xdd\xe0\0\0\0\0"


def store_transfer(site):
    """Stores the long transfer; the two studies."""
    half = max(1, options.megabytes // 2)
    association = Association(site.dicom, [(CLIP, BASELINE)], timeout=300)
    assert association.store_pieces(CLIP, "2.25.7001.2", clip("2.25.7001", "2.25.7001.2", half, 1)) == 0
    for n in range(half):
        assert association.store_pieces(CLIP, f"2.25.7002.2.{n}", clip("2.25.7002", f"2.25.7002.2.{n}", 1, n + 2)) == 0
    association.release()
    return "2.25.7001", "2.25.7002"


def memory(server):
    """Megabytes of resident memory at their highest."""
    lines = pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return round(int(next(x for x in lines if x.startswith("VmHWM")).split()[1]) / 1024, 1)


def cases():
    return {c["number"] for c in hub.json("/api/v1/worklist")["cases"]}


def watch(study, began, known):
    """Seconds until the hub has a case that it had not, its first image, and a picture of it."""
    seen = {}
    while "first_picture" not in seen:
        p = hub.json(f"/api/v1/studies/{study}/progress")
        now = round(time.monotonic() - began, 2)
        if "first_bytes" not in seen and cases() - known:
            seen["first_bytes"] = now
        if p["link"] and p["visible"]:
            seen.setdefault("first_bytes", now)
            seen.setdefault("first_image", now)
            if p["withThumbnail"]:
                seen["first_picture"] = now
        if now > 60:
            raise SystemExit(f"nothing of the emergency after a minute: {p}, {site.log[-2000:]}")
        time.sleep(0.05)
    path = f"/dicom-web/studies/{study}"
    row = json.loads(hub.get(path + "/instances", "application/dicom+json")[1])[0]
    picture = hub.get(f"{path}/series/{row['0020000E']['Value'][0]}/instances/{row['00080018']['Value'][0]}/thumbnail", "image/jpeg")[1]
    assert picture[:2] == b"\xff\xd8"
    return seen


def store(template, calling):
    """Stores one image of a new study by another thread; the moment of its first byte."""
    uid, data = template.fresh()
    began = time.monotonic()

    def send():
        assert Association(site.dicom, [(CT, EXPLICIT)], calling=calling).store(CT, uid, data) == 0
    threading.Thread(target=send).start()
    return began


def case(urgency, patient, **more):
    return site.json("/api/v1/cases", "POST", {"urgency": urgency, "specialty": "radiology", "question": "Hémorragie ?",
                                               "patient": {"id": patient, "name": "ESSAI"}, "consent": {"given": True}, **more})["number"]


def fresh_study():
    """Of the images that follow; its Accession Number."""
    template.fresh_study()
    return template.fresh_accession()


(work / "sites.yaml").write_text(f"sites:\n  - name: MIDELT\n    key: {KEY}\n")
(work / "rules.yaml").write_text("rules:\n  - calling-ae-title: URGENCES\n    urgency: emergency\n    specialty: radiology\n    makes-case: yes\n    consent: yes\n")
hub = Server(options.rekkas, "hub", work / "hub", ["--set", f"link.sites={work}/sites.yaml"]).start()
proxy = ThinProxy(hub.http, options.kbit, options.round_trip)
site = Server(options.rekkas, "site", work / "site", ["--name", "MIDELT", "--hub", f"http://127.0.0.1:{proxy.port}", "--set", f"cases.rules={work}/rules.yaml"],
              {"REKKAS_LINK_KEY": KEY}).start()
started = time.monotonic()
transfer = store_transfer(site)
stored = time.monotonic() - started
wait_for("the link is full of the transfer", lambda: proxy.bytes["up"] > options.kbit * 125 * 15, 120)
template, seen = Template(options.image, 30), {}
fresh_study()
known = cases()
began = store(template, "URGENCES")
seen["device"] = watch(template.study, began, known)

time.sleep(8)
accession = fresh_study()
known, began = cases(), time.monotonic()
case("urgent", "2", accessionNumber=accession)
store(template, "STORM")
seen["form"] = watch(template.study, began, known)

queue = site.json("/api/v1/site")["queue"]
result = {"megabytes": options.megabytes, "stored_s": round(stored, 1), "seen": seen, "still_to_send_mb": round(queue["bytes"] / 1e6), "site_rss_mb": memory(site),
          "hub_rss_mb": memory(hub)}
late = [name for name, s in seen.items() if s["first_bytes"] > FIRST_BYTES or s["first_picture"] > FIRST_PICTURE]
result["late"] = late
print(json.dumps(result))
assert queue["bytes"] > options.megabytes << 19, "the transfer was over before: this shows nothing"
site.stop()
hub.stop()
proxy.close()
shutil.rmtree(work)
raise SystemExit(1 if late or result["site_rss_mb"] > options.most_rss else 0)
