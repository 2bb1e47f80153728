"""Reads prepared files as other programs do, and compares every sample with the received files'.

    accepted_by_others.py LIST FOLDER

LIST has a line for each object: received file, tab, prepared file. One JSON line per object, with what each reader said: "equal",
"accepted" (where there are no samples to compare), "as received" (it refuses the received file, too), or what was wrong. Readers:
pydicom (pylibjpeg-openjpeg), dcmdump, gdcminfo, gdcmconv --raw, opj_decompress (the first frame's bare codestream) and Orthanc with
its gdcm plugin, which runs only as long as this and must answer the same for both files.
"""
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import warnings

import numpy as np
import pydicom
import requests
from pydicom.encaps import generate_frames

import reference_rendering as reference

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
listing, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
pairs = [line.split("\t") for line in listing.read_text().splitlines()]
PLUGIN = "/usr/share/orthanc/plugins/libOrthancGdcm.so"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    return None if done.returncode == 0 else f"status {done.returncode}: {(done.stderr or done.stdout).strip()[-160:]}"


def frames(ds):
    """All samples of all frames, each rows x columns (x 3), colours as stored."""
    return [reference.stored_values(ds, i)[0] for i in range(int(ds.get("NumberOfFrames", 1) or 1))]


def words(value, ds):
    """Words without what stands above their stored bits, a sign for example."""
    return np.asarray(value).astype("i8") & ((1 << ds.BitsStored) - 1)


def equal(one, other, ds):
    if len(one) != len(other):
        return f"{len(other)} frames instead of {len(one)}"
    for i, (a, b) in enumerate(zip(one, other)):
        if a.shape != b.shape or not np.array_equal(a, words(b, ds)):
            return f"frame {i + 1} differs"
    return "equal"


def by_gdcm(received, prepared, expected):
    out = folder / "gdcm.dcm"
    out.unlink(missing_ok=True)
    wrong = run("gdcmconv", "--raw", prepared, str(out))
    if wrong:
        return "as received" if run("gdcmconv", "--raw", received, str(out)) else wrong
    raw = pydicom.dcmread(out)
    return equal(expected, frames(raw), raw)


def by_openjpeg(ds, expected):
    codestream = next(generate_frames(ds.PixelData, number_of_frames=len(expected)))
    source, out = folder / "frame.j2k", folder / "frame.rawl"
    source.write_bytes(codestream)
    out.unlink(missing_ok=True)
    wrong = run("opj_decompress", "-quiet", "-i", str(source), "-o", str(out))
    if wrong:
        return wrong
    first = expected[0]
    # Samples by component, each in as many bytes as the codestream's depth needs, without the bits above the sign.
    planes = first.transpose(2, 0, 1) if first.ndim == 3 else first
    got = np.frombuffer(out.read_bytes(), "<u2" if out.stat().st_size == 2 * first.size else "u1")
    return "equal" if np.array_equal(words(got, ds), planes.reshape(-1)) else "differs"


class Orthanc:
    """A server of our own on loopback, which ends with this program, or after five minutes."""

    def __init__(self):
        self.start()

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        (folder / "orthanc.json").write_text(json.dumps({
            "Name": "accepts", "StorageDirectory": str(folder / "orthanc"), "IndexDirectory": str(folder / "orthanc"),
            "HttpPort": port, "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomServerEnabled": False,
            "Plugins": [PLUGIN], "Gdcm": {"Enable": True}}))
        self.base = f"http://127.0.0.1:{port}"
        self.log = open(folder / "orthanc.log", "w")
        self.process = subprocess.Popen(["timeout", "-k", "5", "300", "Orthanc", str(folder / "orthanc.json")], stdout=self.log,
                                        stderr=self.log, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, []))
        for _ in range(200):
            try:
                self.version = requests.get(self.base + "/system", timeout=5).json()["Version"]
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        else:
            raise RuntimeError("Orthanc did not start")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)             # timeout makes a group of its own and of Orthanc

    def answers(self, path, count, signed):
        """What it says of a file; its reader of pixels aborts it at some, which is an answer, too."""
        try:
            return self.asked(path, count, signed)
        except requests.ConnectionError:
            self.close()
            self.start()
            return {"stored": "died"}

    def asked(self, path, count, signed):
        """What it gives for the first and the last frame: stored values of grey where it can (16 bits), and a preview."""
        answer = requests.post(self.base + "/instances", data=pathlib.Path(path).read_bytes(), timeout=60)
        if answer.status_code != 200:
            return {"stored": answer.status_code}
        instance = f"{self.base}/instances/{answer.json()['ID']}"
        found = {}
        for frame in {0, count - 1}:
            for way in ("image-int16" if signed else "image-uint16", "preview"):
                pam = requests.get(f"{instance}/frames/{frame}/{way}", headers={"Accept": "image/x-portable-arbitrarymap"}, timeout=60)
                found[frame, way] = pam.content if pam.status_code == 200 else pam.status_code
        requests.delete(instance, timeout=60)
        return found

    def accepts(self, received, prepared, ds, expected):
        signed = ds.PixelRepresentation == 1
        if ds.BitsAllocated == 8 and (ds.BitsStored < 8 or signed) or ds.BitsStored <= 8 and signed:
            # gdcm's reader aborts Orthanc at native files of less than 8 bits, and Orthanc has no signed bytes.
            return "as received"
        if ds.PhotometricInterpretation == "YBR_RCT":
            # Debian's Orthanc now and then ends itself here, at one file or another: said, not held against the file, whose samples
            # gdcm's own tool has read.
            for _ in range(4):
                try:
                    return self.transcodes(prepared, expected)
                except requests.ConnectionError:
                    self.close()
                    self.start()
            return "orthanc died"
        before, after = (self.answers(path, len(expected), signed) for path in (received, prepared))
        if "stored" in after:
            return "as received" if before == after else f"not stored: {after['stored']}"
        exact = 0
        for key, got in after.items():
            frame, way = key
            if isinstance(got, int):
                if before.get(key) != got:
                    return f"frame {frame + 1} {way}: {got}, of the received file {str(before.get(key))[:3]}"
            elif way != "preview" and expected[frame].ndim == 2 and b"MAXVAL 65535" in got[:100]:
                samples = np.frombuffer(got.partition(b"ENDHDR\n")[2], ">i2" if signed else ">u2")
                if not np.array_equal(words(samples, ds).reshape(expected[frame].shape), expected[frame]):
                    return f"frame {frame + 1} differs"
                exact += 1
            elif got != before.get(key):
                return f"frame {frame + 1} {way} is not the received one's"
            else:
                exact += 1
        return "equal" if exact else "as received"


    def transcodes(self, prepared, expected):
        """Its plugin draws nothing labelled YBR_RCT, whoever made it; but it writes the object back as native RGB."""
        answer = requests.post(self.base + "/instances", data=pathlib.Path(prepared).read_bytes(), timeout=60)
        if answer.status_code != 200:
            return f"not stored: {answer.status_code}"
        instance = f"{self.base}/instances/{answer.json()['ID']}"
        native = requests.post(instance + "/modify", json={"Transcode": "1.2.840.10008.1.2.1"}, timeout=60)
        requests.delete(instance, timeout=60)
        if native.status_code != 200:
            return f"not transcoded: {native.status_code}"
        ds = pydicom.dcmread(io.BytesIO(native.content))
        return equal(expected, frames(ds), ds) if ds.PhotometricInterpretation == "RGB" else ds.PhotometricInterpretation


orthanc = Orthanc()
try:
    for received, prepared in pairs:
        out = {"path": received}
        try:
            before, after = pydicom.dcmread(received), pydicom.dcmread(prepared)
            try:
                expected = [words(frame, before) for frame in frames(before)]
            except Exception as e:
                out["unread"] = f"{type(e).__name__}: {e}"[:160]      # pydicom cannot read the received file either
                expected = None
            try:
                mine = frames(after)
                out["pydicom"] = equal(expected, mine, after) if expected else "accepted"
                expected = expected or [words(frame, after) for frame in mine]
            except Exception as e:
                out["pydicom"] = f"{type(e).__name__}: {e}"[:160]
            out["dcmdump"] = run("dcmdump", "-q", "+E", prepared) or "accepted"
            wrong = run("gdcminfo", prepared)
            out["gdcminfo"] = "accepted" if not wrong else "as received" if run("gdcminfo", received) else wrong
            if expected:
                out["gdcmconv"] = by_gdcm(received, prepared, expected)
                out["opj_decompress"] = by_openjpeg(after, expected)
                out["orthanc"] = orthanc.accepts(received, prepared, after, expected)
        except Exception as e:
            out["error"] = f"{type(e).__name__}: {e}"[:200]
        print(json.dumps(out), flush=True)
finally:
    orthanc.close()
