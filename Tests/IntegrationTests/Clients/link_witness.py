"""What a site acknowledged, and whether the hub has just that: for tests that end programs, links and power."""
import hashlib
import json
import time
import urllib.error

from part10 import parts
from upper_layer import CT, EXPLICIT, Association

FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'


def pixel_data(data):
    """The samples of an explicit little endian data set whose last element is Pixel Data (OW)."""
    at = data.rindex(b"\xe0\x7f\x10\x00OW")
    length = int.from_bytes(data[at + 8:at + 12], "little")
    return data[at + 12:at + 12 + length]


class Witness:
    """Sends images made from a template and remembers those for which "success" came."""

    def __init__(self, template):
        self.template = template
        self.acknowledged = {}  # uid: (study, series, digest of the samples)
        self.reasons = {}

    def push(self, site, count, calling="STORM", pause=None):
        """Sends fresh images of a new study until one fails; how many were acknowledged. `pause()` is called before each."""
        self.template.fresh_study()
        sent = 0
        try:
            association = Association(site.dicom, [(CT, EXPLICIT)], calling=calling)
            for _ in range(count):
                uid, data = self.template.fresh()
                if pause:
                    pause()
                if association.store(CT, uid, data) == 0:
                    self.acknowledged[uid] = (self.template.study, self.template.series, hashlib.sha256(pixel_data(data)).hexdigest())
                    sent += 1
        except OSError:
            pass
        return sent

    def whole(self, hub, uid):
        """True, or why the hub does not have the image: "missing" or "differs"."""
        study, series, digest = self.acknowledged[uid]
        try:
            kind, body = hub.get(f"/dicom-web/studies/{study}/series/{series}/instances/{uid}/frames/1", FRAME)
        except urllib.error.HTTPError as error:
            return "missing" if error.code in (404, 503) else f"answered {error.code}"
        return True if hashlib.sha256(parts(kind, body)[0][1]).hexdigest() == digest else "differs"

    def wait(self, hub, uids, seconds):
        """Those of the images that the hub does not have, whole and equal, when the time is over; `reasons` says why."""
        missing, end = set(uids), time.monotonic() + seconds
        while missing and time.monotonic() < end:
            time.sleep(0.3)
            for uid in sorted(missing):
                self.reasons[uid] = self.whole(hub, uid)
                if self.reasons[uid] is True:
                    missing.discard(uid)
        return missing


def wait_for_receipts(site, seconds=30):
    """How many objects the site's queue holds when it is empty or the time is over."""
    end = time.monotonic() + seconds
    while True:
        objects = json.loads(site.get("/api/v1/site")[1])["queue"]["objects"]
        if objects == 0 or time.monotonic() > end:
            return objects
        time.sleep(0.2)
