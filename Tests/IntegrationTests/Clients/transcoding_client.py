"""What the hub makes on Accept, read by others: dicomweb-client asks, pydicom, Pillow and DCMTK's tools decode, numpy compares.

    transcoding_client.py HTTP_BASE FILE...

The files must be uncompressed. Decoders that are not installed are named and left out.
"""
import io
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import pydicom
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.pixels import get_decoder

warnings.simplefilter("ignore")
base, *files = sys.argv[1:]
client = DICOMwebClient(url=base + "/dicom-web")
J2K, JLS, SV1, RLE, JPEG = (
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50")
TYPES = {J2K: "image/jp2", JLS: "image/jls", SV1: "image/jpeg", RLE: "image/dicom-rle"}
TOOLS = {JLS: ["dcmdjpls"], SV1: ["dcmdjpeg", "--conv-never"], RLE: ["dcmdrle"]}
compared = {uid: 0 for uid in [*TYPES, JPEG]}


def words(ds, raw=True):
    """Stored values, colour as it is stored."""
    return pydicom.pixels.pixel_array(ds, raw=raw)


def by_dcmtk(uid, ds):
    """The same file through DCMTK's own decoder; None where it has none or is not installed."""
    if uid not in TOOLS:
        return None
    with tempfile.TemporaryDirectory() as folder:
        ds.save_as(folder + "/in.dcm", enforce_file_format=True)
        try:
            done = subprocess.run([*TOOLS[uid], folder + "/in.dcm", folder + "/out.dcm"], capture_output=True)
        except FileNotFoundError:
            print("not installed:", TOOLS[uid][0])
            return None
        assert done.returncode == 0, done.stderr
        return words(pydicom.dcmread(folder + "/out.dcm"))


for path in files:
    ds = pydicom.dcmread(path)
    ids = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
    client.store_instances(datasets=[ds])
    original = words(ds)
    many = int(ds.get("NumberOfFrames", 1) or 1) > 1
    for uid, media in TYPES.items():
        try:
            made = client.retrieve_instance(*ids, media_types=(("application/dicom", uid),))
        except Exception as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            assert status == 406, (path, uid, error)
            print("refused", uid, path)
            continue
        assert made.file_meta.TransferSyntaxUID == uid
        assert made.SOPInstanceUID == ds.SOPInstanceUID and made.get("LossyImageCompression") == ds.get("LossyImageCompression")
        if get_decoder(uid).is_available:
            assert numpy.array_equal(words(made), original), (path, uid, "pydicom")
            compared[uid] += 1
        else:
            print("no decoder of pydicom for", uid)
        if ds.BitsAllocated <= 16:
            others = by_dcmtk(uid, made)
            assert others is None or numpy.array_equal(others, original), (path, uid, "DCMTK")
            compared[uid] += others is not None
        # A frame alone, in an object that holds nothing else.
        number = int(ds.get("NumberOfFrames", 1) or 1)
        frame = client.retrieve_instance_frames(*ids, frame_numbers=[number], media_types=((media, uid),))[0]
        if get_decoder(uid).is_available:
            made.PixelData = pydicom.encaps.encapsulate([bytes(frame)])
            made.NumberOfFrames = 1
            assert numpy.array_equal(words(made), original[-1] if many else original), (path, uid, "frame")
    if ds.BitsAllocated == 8 and ds.PixelRepresentation == 0 and ds.PhotometricInterpretation in ("MONOCHROME2", "RGB"):
        frame = client.retrieve_instance_frames(*ids, frame_numbers=[1], media_types=(("image/jpeg", JPEG),))[0]
        picture = numpy.asarray(Image.open(io.BytesIO(frame))).astype(int)
        first = (original[0] if many else original).astype(int)
        assert picture.shape == first.shape and abs(picture - first).mean() < 4, (path, "JPEG", abs(picture - first).mean())
        compared[JPEG] += 1
    # 16 bits of grey: the values over the window, worked out anew.
    if ds.SamplesPerPixel == 1 and ds.PhotometricInterpretation == "MONOCHROME2" and ds.BitsAllocated == 16 and not (
            "PerFrameFunctionalGroupsSequence" in ds or "ModalityLUTSequence" in ds):
        low, high = -1000, 3000
        png = client.retrieve_instance_frames_rendered(
            *ids, [1], media_types=("image/png",),
            params={"depth": "16", "window": f"{(low + high) / 2},{high - low},linear-exact"})
        picture = numpy.asarray(Image.open(io.BytesIO(png))).astype(float)
        first = (original[0] if many else original).astype(float)
        values = first * float(ds.get("RescaleSlope", 1) or 1) + float(ds.get("RescaleIntercept", 0) or 0)
        expected = numpy.clip((values - low) / (high - low), 0, 1) * 65535
        if picture.shape == expected.shape:
            assert abs(picture - expected).max() <= 1, (path, "16 bits", abs(picture - expected).max())
    print("ok", path)

# The hub has prepared the grey ones by now, or does soon: what is kept is JPEG 2000, what is asked for without a word stays native.
for path in files:
    ds = pydicom.dcmread(path)
    if ds.SamplesPerPixel != 1 or ds.PhotometricInterpretation != "MONOCHROME2":
        continue
    url = f"{base}/dicom-web/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    for _ in range(60):
        kept = requests.head(url, headers={"Accept": "application/dicom; transfer-syntax=*"}).headers["Content-Type"]
        if kept.endswith(J2K):
            break
        time.sleep(0.5)
    else:
        raise AssertionError((path, "was not prepared"))
    pixels = bytes(ds.PixelData)
    assert requests.get(url + "/bulkdata/7FE00010").content == pixels, path
    part = requests.get(url + "/bulkdata/7FE00010", headers={"Range": "bytes=101-1000"})
    assert part.status_code == 206 and part.content == pixels[101:1001], path
    as_kept = client.retrieve_instance(
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, media_types=(("application/dicom", J2K),))
    assert as_kept.file_meta.TransferSyntaxUID == J2K and numpy.array_equal(words(as_kept), words(ds)), path
    print("prepared", path)

print("compared", compared)
print("all good")
