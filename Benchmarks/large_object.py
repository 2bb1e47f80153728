"""A 4 GB multi-frame object arrives by C-STORE, then another by STOW-RS; the hub's peak memory and the rate.

    large_object.py --harness DIR --relay hub.json [--gigabytes 4]
"""
import argparse
import http.client
import pathlib
import struct
import sys
import time

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--harness", required=True)
ap.add_argument("--relay", required=True)
ap.add_argument("--gigabytes", type=float, default=3.99, help="explicit VR lengths end below 4 GiB")
o = ap.parse_args()
o.peers = ""
sys.path.insert(0, o.harness)
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests/IntegrationTests/Clients"))
import common  # noqa: E402
import peers  # noqa: E402
from upper_layer import EXPLICIT, Association  # noqa: E402

US = "1.2.840.10008.5.1.4.1.1.3.1"
frame = 1024 * 1024 * 3
frames = int(o.gigabytes * (1 << 30)) // frame


def element(group, number, vr, value):
    value = value if isinstance(value, bytes) else value.encode()
    value += (b"\0" if vr == "UI" else b" ") * (len(value) & 1)
    return struct.pack("<HH", group, number) + vr.encode() + struct.pack("<H", len(value)) + value


def head(uid):
    u16 = lambda n: struct.pack("<H", n)
    return b"".join([
        element(8, 0x16, "UI", US), element(8, 0x18, "UI", uid), element(8, 0x20, "DA", "20260101"), element(8, 0x60, "CS", "US"),
        element(0x10, 0x10, "PN", "BIG^OBJECT"), element(0x10, 0x20, "LO", "BIG-1"), element(0x20, 0xD, "UI", "2.25.77001"),
        element(0x20, 0xE, "UI", "2.25.77002"), element(0x28, 2, "US", u16(3)), element(0x28, 4, "CS", "RGB"),
        element(0x28, 6, "US", u16(0)), element(0x28, 8, "IS", str(frames)), element(0x28, 0x10, "US", u16(1024)),
        element(0x28, 0x11, "US", u16(1024)), element(0x28, 0x100, "US", u16(8)), element(0x28, 0x101, "US", u16(8)),
        element(0x28, 0x102, "US", u16(7)), element(0x28, 0x103, "US", u16(0)),
        struct.pack("<HH", 0x7FE0, 0x10) + b"OB\0\0" + struct.pack("<I", frames * frame)])


picture = bytes(range(256)) * (frame // 256)


def cstore(p):
    a = Association(p.dicom_port, [(US, EXPLICIT)], called=p.aet, timeout=600)
    a.store_request(US, "2.25.77101")
    step = a.max_pdu - 6
    pending = bytearray(head("2.25.77101"))
    for n in range(frames):
        pending += picture
        last = n == frames - 1
        while len(pending) > step or (last and pending):
            piece, pending = bytes(pending[:step]), pending[step:]
            a.pdata(1, 2 if last and not pending else 0, piece)
    status = a.status()
    a.release()
    return f"{status:04x}"


def stow(p):
    meta = (element(2, 2, "UI", US) + element(2, 3, "UI", "2.25.77102") + element(2, 0x10, "UI", EXPLICIT) + element(2, 0x12, "UI", "2.25.9"))
    first = (b"--B\r\nContent-Type: application/dicom\r\n\r\n" + bytes(128) + b"DICM" + struct.pack("<HH", 2, 0) + b"UL" +
             struct.pack("<HI", 4, len(meta)) + meta + head("2.25.77102"))
    last = b"\r\n--B--\r\n"
    c = http.client.HTTPConnection("127.0.0.1", p.http_port, timeout=600)
    c.putrequest("POST", p.url("/studies"))
    c.putheader("Content-Type", 'multipart/related; type="application/dicom"; boundary=B')
    c.putheader("Content-Length", str(len(first) + frames * frame + len(last)))
    c.endheaders()
    c.send(first)
    for _ in range(frames):
        c.send(picture)
    c.send(last)
    return str(c.getresponse().status)


rows = []
for n in peers.chosen(o, "stow"):
    for way, send in (("C-STORE", cstore), ("STOW-RS", stow)):
        p = peers.make(n, o.relay)
        p.start()
        try:
            t = time.perf_counter()
            with common.Sampler(p.pid) as s:
                answer = send(p)
            seconds = time.perf_counter() - t
            rows.append([n, way, answer, frames * frame / 1e9, seconds, frames * frame / 1e6 / seconds, s.peak_kb / 1024, p.hwm_mb()])
        finally:
            p.stop()
            p.clean()
common.table("one large object", ["peer", "by", "answer", "GB", "s", "MB/s", "peak RSS MB", "VmHWM MB"], rows)
common.emit("large-object", rows=rows)
