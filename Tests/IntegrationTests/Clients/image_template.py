"""Any number of images that differ in their UIDs only, made from one explicit little endian CT image."""
import pathlib
import threading

from part10 import data_set_bytes


class Template:
    def __init__(self, path, seed=1):
        self.data, self.seed = data_set_bytes(pathlib.Path(path).read_bytes()), seed
        self.lock, self.counter = threading.Lock(), 0
        self.study, self.series = self.text(b"\x20\x00\x0d\x00UI"), self.text(b"\x20\x00\x0e\x00UI")

    def element(self, tag_and_vr):
        """(offset, value) of a UI element."""
        at = self.data.index(tag_and_vr)
        length = int.from_bytes(self.data[at + 6:at + 8], "little")
        return at + 8, self.data[at + 8:at + 8 + length]

    def text(self, tag_and_vr):
        return self.element(tag_and_vr)[1].rstrip(b"\0").decode()

    def with_uid(self, data, tag_and_vr, uid):
        """The data set with another UID there, made as long as the one before."""
        at, old = self.element(tag_and_vr)
        uid = (uid.encode() + b"9" * 64)[:min(len(old), 63)]
        return uid.decode(), data[:at] + uid + b"\0" * (len(old) - len(uid)) + data[at + len(old):]

    def fresh_accession(self):
        """A new Accession Number for the images that follow, as long as the one before."""
        with self.lock:
            self.counter += 1
            n = self.counter
        at = self.data.index(b"\x08\x00\x50\x00SH")
        length = int.from_bytes(self.data[at + 6:at + 8], "little")
        number = f"T{self.seed}-{n}".ljust(length, "0")[:length]
        self.data = self.data[:at + 8] + number.encode() + self.data[at + 8 + length:]
        return number

    def fresh(self):
        """The image under a new SOP Instance UID: (uid, data set)."""
        with self.lock:
            self.counter += 1
            n = self.counter
        return self.with_uid(self.data, b"\x08\x00\x18\x00UI", f"2.25.{10**15 * (self.seed + 1) + n}")

    def fresh_study(self):
        """A new study and series for the images that follow; its UID."""
        with self.lock:
            self.counter += 1
            n = self.counter
        self.study, self.data = self.with_uid(self.data, b"\x20\x00\x0d\x00UI", f"2.25.{10**15 * (self.seed + 1) + 10**12 + n}")
        self.series, self.data = self.with_uid(self.data, b"\x20\x00\x0e\x00UI", f"2.25.{10**15 * (self.seed + 1) + 2 * 10**12 + n}")
        return self.study
