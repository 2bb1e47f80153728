"""Reads a DICOM file just far enough to tell its data set's bytes from what stands before them."""
import struct


def data_set_bytes(raw: bytes) -> bytes:
    """The data set of a file: everything after the preamble and the file meta information, as it lies there."""
    at = 132 if raw[128:132] == b"DICM" else 0
    while at + 8 <= len(raw) and raw[at:at + 2] == b"\x02\x00":
        vr = raw[at + 4:at + 6]
        if vr in (b"OB", b"OW", b"UN", b"SQ", b"UT"):
            at += 12 + struct.unpack_from("<I", raw, at + 8)[0]
        else:
            at += 8 + struct.unpack_from("<H", raw, at + 6)[0]
    return raw[at:]


def parts(content_type: str, body: bytes):
    """The parts of a multipart/related body: (headers, bytes) each."""
    boundary = b"--" + content_type.split("boundary=")[1].split(";")[0].strip('"').encode()
    out = []
    for piece in body.split(boundary)[1:]:
        if piece.startswith(b"--"):
            break
        head, _, rest = piece.partition(b"\r\n\r\n")
        assert rest.endswith(b"\r\n"), "a part ends before CRLF boundary"
        headers = dict(line.split(b": ", 1) for line in head.strip().split(b"\r\n"))
        out.append(({k.decode(): v.decode() for k, v in headers.items()}, rest[:-2]))
    return out
