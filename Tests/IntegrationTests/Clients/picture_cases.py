"""Writes small objects, one for each way in which pixels become a picture: picture_cases.py FOLDER.

Content: a soft slope with an edge and some noise, the same in every run, in every depth and sign.
"""
import pathlib
import sys

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000, JPEG2000Lossless,
                         RLELossless, generate_uid)

folder = pathlib.Path(sys.argv[1])
ROWS, COLUMNS = 60, 74
CAPTURE, SEGMENTATION = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.66.4"
dice = np.random.default_rng(3)
y, x = np.mgrid[0:ROWS, 0:COLUMNS]
SLOPE = np.clip(x / COLUMNS * 0.8 + 0.2 * (y > ROWS // 2) + dice.normal(0, 0.02, (ROWS, COLUMNS)), 0, 1)
study, series = generate_uid(entropy_srcs=["picture cases"]), generate_uid(entropy_srcs=["picture series"])


def values(stored, signed=False, content=SLOPE):
    least = -(1 << stored - 1) if signed else 0
    return np.rint(least + content * ((1 << stored) - 1)).astype("i8")


def write(name, pixels, allocated, stored, *, signed=False, high=None, photometric="MONOCHROME2", frames=None, planar=None,
          syntax=ExplicitVRLittleEndian, data=None, compress=None, sop_class=CAPTURE, **attributes):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["picture", name])
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.PatientID, ds.PatientName, ds.Modality = "CASES", "Cases^Picture", "OT"
    ds.SamplesPerPixel = 1 if photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR") else 3
    ds.Rows, ds.Columns = pixels.shape[-2:] if ds.SamplesPerPixel == 1 else pixels.shape[-3:-1]
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = planar or 0
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = allocated, stored, stored - 1 if high is None else high
    ds.PixelRepresentation = int(signed)
    if frames:
        ds.NumberOfFrames = frames
    endian = ">" if syntax == ExplicitVRBigEndian else "<"
    if data is None:
        words = (pixels << (ds.HighBit + 1 - stored)) & ((1 << allocated) - 1)
        if planar == 1:
            words = words.transpose(2, 0, 1)
        data = words.astype(f"{endian}u{allocated // 8}").tobytes()
    for key, value in attributes.items():
        setattr(ds, key, value)
    if data:
        ds.PixelData = data + b"\0" * (len(data) % 2)
        ds["PixelData"].VR = "OB" if allocated <= 8 and syntax == ExplicitVRLittleEndian else "OW"
    ds.file_meta.TransferSyntaxUID = syntax
    if compress:
        ds.compress(compress[0], generate_instance_uid=False, **compress[1])
    ds.save_as(folder / f"{name}.dcm", enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian,
               little_endian=endian == "<") if not compress else ds.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def item(**attributes):
    ds = Dataset()
    for key, value in attributes.items():
        setattr(ds, key, value)
    return Sequence([ds])


def table(first, entries, bits, signed=False):
    """An item of Modality or VOI LUT Sequence."""
    lut = Dataset()
    lut.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries) & 0xFFFF, first, bits])
    lut.add_new("LUTData", "OW", np.asarray(entries).astype("<u2").tobytes())
    lut.add_new("ModalityLUTType", "LO", "US")
    return Sequence([lut])


# Depth, sign, place in the word, with every VOI function and with none.
for stored in range(1, 17):
    for sign in (False, True):
        if stored == 1 and sign:
            continue
        allocated = 8 if stored <= 8 else 16
        top = (1 << stored) - 1
        middle = 0 if sign else top / 2
        for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
            write(f"grey_{stored}_{'s' if sign else 'u'}_{function.lower()}", values(stored, sign), allocated, stored,
                  signed=sign, WindowCenter=f"{middle + top / 10:.1f}", WindowWidth=f"{max(1, top / 2):.1f}", VOILUTFunction=function)
        write(f"grey_{stored}_{'s' if sign else 'u'}", values(stored, sign), allocated, stored, signed=sign)
        if stored < 16:
            write(f"grey_{stored}_{'s' if sign else 'u'}_wide_word", values(stored, sign), 16, stored, signed=sign)
            write(f"grey_{stored}_{'s' if sign else 'u'}_at_top", values(stored, sign), 16, stored, signed=sign, high=15)
for rows, columns in ((1, 1), (1, 2), (1, 59), (60, 1), (17, 3), (3, 17), (33, 65)):
    shape = f"shape_{columns}x{rows}"
    write(shape + "_8", values(8)[:rows, :columns], 8, 8)
    write(shape + "_12_s", values(12, True)[:rows, :columns], 16, 12, signed=True)
overlaid = values(12) | np.where(x % 7 == 0, 0xA000, 0)
write("overlay_above", values(12), 16, 12, data=overlaid.astype("<u2").tobytes(), WindowCenter="2000", WindowWidth="3000")
bits = np.packbits((SLOPE > 0.5).reshape(-1), bitorder="little").tobytes()
write("one_bit", values(1), 1, 1, data=bits)
for syntax, name in ((ImplicitVRLittleEndian, "implicit"), (ExplicitVRBigEndian, "big_endian")):
    write("grey_12_" + name, values(12), 16, 12, syntax=syntax)
    write("grey_8_" + name, values(8), 8, 8, syntax=ImplicitVRLittleEndian if name == "implicit" else ExplicitVRLittleEndian)
write("grey_12_rle", values(12), 16, 12, compress=(RLELossless, {}))
write("grey_16_s_j2k", values(16, True), 16, 16, signed=True, compress=(JPEG2000Lossless, {}))

# Modality and VOI: lines and tables.
write("hounsfield", values(12), 16, 12, RescaleSlope="1", RescaleIntercept="-1024", WindowCenter="40", WindowWidth="400")
write("two_windows", values(12), 16, 12, RescaleSlope="1", RescaleIntercept="-1024", WindowCenter=["40", "-600"], WindowWidth=["400", "1500"])
write("slope_negative", values(12), 16, 12, RescaleSlope="-0.5", RescaleIntercept="100", WindowCenter="-900", WindowWidth="1500")
write("slope_small", values(16), 16, 16, RescaleSlope="0.00075", RescaleIntercept="-3", WindowCenter="20", WindowWidth="35.5")
write("width_one", values(8), 8, 8, WindowCenter="100", WindowWidth="1")
write("width_one_exact", values(8), 8, 8, WindowCenter="100", WindowWidth="0.5", VOILUTFunction="LINEAR_EXACT")
write("window_width_zero", values(12), 16, 12, WindowCenter="100", WindowWidth="0")
curve = np.rint(4095 * np.linspace(0, 1, 4096) ** 0.5)
write("voi_lut_12", values(12), 16, 12, VOILUTSequence=table(0, curve, 12))
write("voi_lut_beside_window", values(12), 16, 12, VOILUTSequence=table(0, curve, 12), WindowCenter="1000", WindowWidth="500")
write("voi_lut_short", values(12), 16, 12, VOILUTSequence=table(1000, curve[:2000], 12))
write("voi_lut_signed", values(12, True), 16, 12, signed=True, VOILUTSequence=table(-2048, curve, 12, signed=True))
write("voi_lut_hounsfield", values(12), 16, 12, RescaleSlope="1", RescaleIntercept="-1024", VOILUTSequence=table(-1024, curve, 12, signed=True))
write("voi_lut_8", values(8), 8, 8, VOILUTSequence=table(0, np.arange(255, -1, -1), 8))
write("voi_lut_65536", values(16), 16, 16, VOILUTSequence=table(0, np.linspace(0, 65535, 65536), 16))
write("modality_lut", values(12), 16, 12, ModalityLUTSequence=table(0, curve, 16), WindowCenter="2000", WindowWidth="3000")
write("modality_lut_automatic", values(12), 16, 12, ModalityLUTSequence=table(0, curve, 16))
write("modality_and_voi_lut", values(12), 16, 12, ModalityLUTSequence=table(0, curve, 16), VOILUTSequence=table(0, curve[::-1], 12))
for name, content in (("padding", -2000), ("padding_positive", 0)):
    sign = content < 0
    padded = np.where((y - 30) ** 2 + (x - 37) ** 2 > 700, content, values(10) + 100)
    write(name, padded, 16, 16, signed=sign)
    ds = {"PixelPaddingValue": content}
    write(name + "_declared", padded, 16, 16, signed=sign, **ds)
    write(name + "_range", padded + np.where(padded == content, x % 5, 0), 16, 16, signed=sign, PixelPaddingRangeLimit=content + 4, **ds)
write("flat", values(12) * 0 + 700, 16, 12)
write("all_padding", values(12) * 0, 16, 12, PixelPaddingValue=0)
write("hot_pixel", np.where((x == 5) & (y == 5), 4095, values(9)), 16, 12)

# Inversion, once.
write("monochrome1", values(12), 16, 12, photometric="MONOCHROME1")
write("monochrome1_inverse", values(12), 16, 12, photometric="MONOCHROME1", PresentationLUTShape="INVERSE", WindowCenter="2000", WindowWidth="3000")
write("monochrome1_voi_lut", values(12), 16, 12, photometric="MONOCHROME1", VOILUTSequence=table(0, curve, 12))
write("monochrome1_8", values(8), 8, 8, photometric="MONOCHROME1")
write("presentation_inverse", values(12), 16, 12, PresentationLUTShape="INVERSE", WindowCenter="2000", WindowWidth="3000")
write("presentation_identity", values(12), 16, 12, PresentationLUTShape="IDENTITY", WindowCenter="2000", WindowWidth="3000")

# Palettes.
red, green, blue = np.linspace(0, 65535, 256), np.linspace(65535, 0, 256), np.abs(np.linspace(-65535, 65535, 256))


def palette(entries, first=0, bits=16, segmented=None, signed=False):
    names = ("Red", "Green", "Blue")
    out = {}
    for colour, words in zip(names, entries):
        out[f"{colour}PaletteColorLookupTableDescriptor"] = [segmented or len(words), first, bits]
        prefix = "Segmented" if segmented else ""
        data = np.asarray(np.rint(words)).astype("<u2" if bits == 16 else "u1").tobytes()
        out[f"{prefix}{colour}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)
    return out


def segments(a, b):
    """Ten discrete entries, a line of 100, the discrete ones again by reference, a line to the end."""
    return [0, 10, *np.linspace(a, b, 10).astype(int), 1, 100, a, 2, 1, 0, 0, 1, 136, b]


write("palette_16", values(8), 8, 8, photometric="PALETTE COLOR", **palette((red, green, blue)))
write("palette_8", values(8), 8, 8, photometric="PALETTE COLOR", **palette((red / 257, green / 257, blue / 257), bits=8))
write("palette_first_mapped", values(8), 8, 8, photometric="PALETTE COLOR", **palette((red[:100], green[:100], blue[:100]), first=50))
write("palette_word_index", values(10), 16, 10, photometric="PALETTE COLOR", **palette((np.repeat(red, 4), np.repeat(green, 4), np.repeat(blue, 4))))
write("palette_segmented", values(8), 8, 8, photometric="PALETTE COLOR",
      **palette((segments(0, 65535), segments(65535, 20), segments(30000, 40000)), segmented=256))

# Colour.
hue = np.stack([SLOPE, 1 - SLOPE, np.abs(2 * SLOPE - 1)], axis=-1)
rgb = np.rint(hue * 255).astype("i8")
write("rgb", rgb, 8, 8, photometric="RGB")
write("rgb_planar", rgb, 8, 8, photometric="RGB", planar=1)
write("rgb_big_endian_16", np.rint(hue * 65535).astype("i8"), 16, 16, photometric="RGB", syntax=ExplicitVRBigEndian)
write("rgb_16", np.rint(hue * 65535).astype("i8"), 16, 16, photometric="RGB")
write("rgb_12", np.rint(hue * 4095).astype("i8"), 16, 12, photometric="RGB")
write("rgb_odd", rgb[:31, :33], 8, 8, photometric="RGB")
write("rgb_1x1", rgb[:1, 30:31], 8, 8, photometric="RGB")
write("rgb_17x3", rgb[:3, 20:37], 8, 8, photometric="RGB")
write("rgb_rle", rgb, 8, 8, photometric="RGB", compress=(RLELossless, {}))
write("ybr_rct", rgb, 8, 8, photometric="RGB", compress=(JPEG2000Lossless, {}))
write("ybr_ict", rgb, 8, 8, photometric="YBR_ICT", compress=(JPEG2000, {"j2k_cr": [3]}))
luma = rgb @ [0.299, 0.587, 0.114]
ybr = np.rint(np.stack([luma, (rgb[..., 2] - luma) / 1.772 + 128, (rgb[..., 0] - luma) / 1.402 + 128], axis=-1)).clip(0, 255).astype("i8")
write("ybr_full", ybr, 8, 8, photometric="YBR_FULL")
write("ybr_full_planar", ybr, 8, 8, photometric="YBR_FULL", planar=1)
for label in ("YBR_FULL_422", "YBR_PARTIAL_422"):
    samples = ybr if "FULL" in label else np.rint(ybr * [219 / 255, 224 / 256, 224 / 256] + [16, 16, 16]).astype("i8")
    packed = np.concatenate([samples[..., 0].reshape(ROWS, -1, 2), samples[:, ::2, 1:]], axis=-1)
    write(label.lower(), rgb, 8, 8, photometric=label, data=packed.astype("u1").tobytes())

# Frames, each with its own window; numbers wider than 16 bits; labels.
stack = np.stack([values(12), values(12)[::-1], values(12)[:, ::-1]])
write("frames", stack, 16, 12, frames=3)
per_frame = Sequence()
for center in (500, 1500, 3000):
    groups = Dataset()
    groups.FrameVOILUTSequence = item(WindowCenter=str(center), WindowWidth="900")
    groups.PixelValueTransformationSequence = item(RescaleSlope="2", RescaleIntercept="-10", RescaleType="US")
    per_frame.append(groups)
write("frames_with_windows", stack, 16, 12, frames=3, PerFrameFunctionalGroupsSequence=per_frame)
shared = item(FrameVOILUTSequence=item(WindowCenter="2000", WindowWidth="900", VOILUTFunction="SIGMOID"))
write("frames_shared_window", stack, 16, 12, frames=3, SharedFunctionalGroupsSequence=shared)
write("frames_rgb", np.stack([rgb, rgb[::-1]]), 8, 8, photometric="RGB", frames=2)
write("frames_one_bit", np.stack([values(1)] * 3), 1, 1, frames=3,
      data=np.packbits(np.stack([SLOPE > 0.5, SLOPE > 0.3, SLOPE > 0.7]).reshape(-1), bitorder="little").tobytes())
write("unsigned_32", values(32), 32, 32)
write("signed_32", values(31, True), 32, 32, signed=True, RescaleSlope="-1")
write("monochrome1_32", values(32), 32, 32, photometric="MONOCHROME1")
PARAMETRIC = "1.2.840.10008.5.1.4.1.1.30"
write("float", values(16), 32, 32, data=b"", sop_class=PARAMETRIC, FloatPixelData=(SLOPE * 7 - 3).astype("<f4").tobytes())
write("double", values(16), 64, 64, data=b"", sop_class=PARAMETRIC, DoubleFloatPixelData=(SLOPE * 7e8).astype("<f8").tobytes())
write("windowed_32", values(20), 32, 32, WindowCenter="300000", WindowWidth="400000")
for function in ("LINEAR_EXACT", "SIGMOID"):
    write(f"windowed_32_{function}", values(20), 32, 32, WindowCenter="300000", WindowWidth="400000", VOILUTFunction=function)
write("windowed_float", values(16), 32, 32, data=b"", sop_class=PARAMETRIC, FloatPixelData=(SLOPE * 7 - 3).astype("<f4").tobytes(),
      WindowCenter="1", WindowWidth="5")
write("segmentation", values(1), 1, 1, data=bits, sop_class=SEGMENTATION, SegmentationType="BINARY")
write("segmentation_fractional", values(8) // 2, 8, 8, sop_class=SEGMENTATION, SegmentationType="FRACTIONAL", MaximumFractionalValue=128)

# Pixels that are not square.
write("tall_pixels", values(12), 16, 12, PixelSpacing=["1.0", "0.5"], WindowCenter="2000", WindowWidth="3000")
write("wide_pixels", values(8), 8, 8, PixelAspectRatio=[5, 6])
write("wide_pixels_rgb", rgb, 8, 8, photometric="RGB", ImagerPixelSpacing=["0.4", "0.7"])
print(len(list(folder.glob("*.dcm"))))
