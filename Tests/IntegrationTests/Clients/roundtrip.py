"""Stores files by C-STORE (pynetdicom, bytes as they are) or STOW-RS, then fetches each back and compares.

    roundtrip.py HTTP_BASE DICOM_PORT dimse|stow FILE...   ("-" reads the files' paths from standard input)

One JSON line per file: path, how it was stored, whether QIDO finds it, under which name, whether data set and
frames come back byte for byte, and what /rendered answers.
"""
import json
import pathlib
import sys
import warnings

import pydicom
import requests
from pynetdicom import AE, _config
from pynetdicom.dsutils import split_dataset

from part10 import data_set_bytes, parts

warnings.simplefilter("ignore")
_config.STORE_SEND_CHUNKED_DATASET = True
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
base, port, way, *files = sys.argv[1:]
if files == ["-"]:
    files = sys.stdin.read().split("\n")
web = base + "/dicom-web"
session = requests.Session()


def stow(path):
    raw = pathlib.Path(path).read_bytes()
    body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + raw + b"\r\n--B--\r\n"
    r = session.post(web + "/studies", data=body, timeout=120,
                     headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=B',
                              "Accept": "application/dicom+json"})
    answer = r.json() if r.text else {}
    ok = answer.get("00081199", {}).get("Value", [])
    if r.status_code != 200 or len(ok) != 1:
        failed = answer.get("00081198", {}).get("Value", [{}])
        return f"HTTP {r.status_code} reason {failed[0].get('00081197', {}).get('Value')}", None
    return "stored", ok[0]["00081190"]["Value"][0].split("/dicom-web", 1)[1]


def dimse(path):
    meta, _ = split_dataset(pathlib.Path(path))
    ae = AE(ae_title="ROUNDTRIP")
    ae.add_requested_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
    assoc = ae.associate("127.0.0.1", int(port), ae_title="REKKAS")
    if not assoc.is_established:
        return "no association", None
    try:
        if not assoc.accepted_contexts:
            return "context refused", None
        status = assoc.send_c_store(pathlib.Path(path))
    finally:
        assoc.release()
    # pynetdicom sends the identifiers of the file meta; where the data set says others, a refusal is the right answer.
    ds = pydicom.dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True)
    if (ds.get("SOPClassUID"), ds.get("SOPInstanceUID")) != (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID):
        return ("refused as it should be" if status.get("Status") == 0xA900 else f"status {status.get('Status')}"), None
    if "Status" not in status or status.Status != 0:
        return f"status {status.get('Status', 'none')}", None
    uid = meta.MediaStorageSOPInstanceUID
    r = session.get(web + "/instances", params={"SOPInstanceUID": uid}, headers={"Accept": "application/dicom+json"})
    found = r.json() if r.status_code == 200 else []
    if len(found) != 1:
        return f"QIDO found {len(found)}", None
    row = found[0]
    return "stored", "/studies/%s/series/%s/instances/%s" % tuple(
        row[t]["Value"][0] for t in ("0020000D", "0020000E", "00080018"))


for path in files:
    out = {"path": path}
    try:
        out["stored"], where = dimse(path) if way == "dimse" else stow(path)
        if where:
            _, study, _, series, _, instance = where.strip("/").split("/")
            r = session.get(f"{web}/studies", params={"StudyInstanceUID": study}, headers={"Accept": "application/dicom+json"})
            row = (r.json() if r.status_code == 200 else [{}])[0]
            out["found"] = row.get("0020000D", {}).get("Value") == [study]
            out["name"] = row.get("00100010", {}).get("Value", [None])[0]
            r = session.get(web + where, headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'})
            got = parts(r.headers["Content-Type"], r.content)
            out["same"] = len(got) == 1 and data_set_bytes(got[0][1]) == data_set_bytes(pathlib.Path(path).read_bytes())
            r = session.get(web + where + "/metadata", headers={"Accept": "application/dicom+json"})
            meta = r.json()[0]
            out["metadata"] = r.status_code == 200 and meta["00080018"]["Value"] == [instance]
            out["pixels"] = "7FE00010" in meta or "7FE00008" in meta or "7FE00009" in meta
            if out["pixels"]:
                r = session.get(web + where + "/frames/1", headers={"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'})
                out["frame"] = r.status_code
            r = session.get(web + where + "/rendered", headers={"Accept": "image/jpeg"})
            out["rendered"], out["type"] = r.status_code, r.headers.get("Content-Type")
            if r.status_code != 200:
                out["why"] = r.text[:200]
    except Exception as e:                                     # one file's trouble is that file's result
        out["error"] = f"{type(e).__name__}: {e}"[:300]
    print(json.dumps(out, ensure_ascii=False), flush=True)
