"""Another client for the link, written from the article LinkProtocol alone."""
import hashlib
import hmac
import http.client
import json
import secrets
import struct
import zlib

from part10 import data_set_bytes


def element(data, tag_and_vr):
    """The value of a UI element of an explicit little endian data set, as text."""
    at = data.index(tag_and_vr)
    length = int.from_bytes(data[at + 6:at + 8], "little")
    return data[at + 8:at + 8 + length].rstrip(b"\0").decode()


class LinkObject:
    """An object to send: a whole Part 10 file, explicit little endian, with uncompressed Pixel Data at its end."""

    def __init__(self, file):
        self.file, self.digest = file, hashlib.sha256(file).hexdigest()
        data = data_set_bytes(file)
        at = file.rindex(b"\xe0\x7f\x10\x00OW") + 12
        self.header = at
        self.announcement = {
            "digest": self.digest, "receivedDigest": self.digest, "size": len(file), "study": element(data, b"\x20\x00\x0d\x00UI"),
            "series": element(data, b"\x20\x00\x0e\x00UI"), "instance": element(data, b"\x08\x00\x18\x00UI"),
            "sopClass": element(data, b"\x08\x00\x16\x00UI"), "transferSyntax": "1.2.840.10008.1.2.1", "header": at,
            "frames": [[at, len(file) - at]], "isLadder": False}
        self.name = bytes.fromhex(self.digest)[:8]


def record(kind, payload):
    return struct.pack("<BBHII", kind, 0, 0, len(payload), zlib.crc32(payload)) + payload


def announce(objects):
    return record(3, json.dumps([o.announcement for o in objects]).encode())


def header(o):
    return record(4, o.name + struct.pack("<I", o.header) + o.file[:o.header])


def segment(o, start, end):
    return record(5, o.name + struct.pack("<Q", start) + o.file[start:end])


class LinkSite:
    """A site's end of a session."""

    def __init__(self, port, name, key):
        self.port, self.name, self.key = port, name, key
        self.http, self.session, self.number = None, None, 0

    def post(self, path, session, number, body, kind):
        text = "\n".join(["REKKAS-LINK-1", "POST", path, self.name, session, str(number), hashlib.sha256(body).hexdigest()])
        mac = hmac.new(self.key, text.encode(), "sha256").hexdigest()
        if self.http is None:
            self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.http.request("POST", path, body, {
            "Content-Type": kind, "Rekkas-Link": f"v=1, site={self.name}, session={session}, number={number}, mac={mac}"})
        r = self.http.getresponse()
        answer = r.read()
        said = "\n".join(["REKKAS-LINK-1", "answer", self.name, session, str(number), str(r.status), hashlib.sha256(answer).hexdigest()])
        if not hmac.compare_digest(r.headers.get("Rekkas-Link-Mac", ""), hmac.new(self.key, said.encode(), "sha256").hexdigest()):
            raise ConnectionError(f"status {r.status}: this was not the hub")
        if r.status != 200:
            raise ConnectionError(f"status {r.status}: {answer[:200]}")
        return json.loads(answer)

    def open(self):
        nonce = secrets.token_hex(16)
        welcome = self.post("/link/v1/session", nonce, 0, json.dumps({"nonce": nonce}).encode(), "application/json")
        self.session, self.number = welcome["session"], 0
        return welcome

    def batch(self, *records):
        self.number += 1
        return self.post("/link/v1/batch", self.session, self.number, b"RKL1" + b"".join(records), "application/vnd.rekkas.batch")
