"""A second opinion on pictures: renders a frame of a DICOM object with pydicom and numpy alone, as PS3.3 says.

Stored values -> Modality LUT (C.11.1) -> VOI LUT or window (C.11.2) -> Presentation LUT Shape and MONOCHROME1 (C.11.6) ->
8 bits; palettes (C.7.9) and colour spaces (C.7.6.3.1.2) for colour. Where the standard leaves the choice to the viewer (no
window given, 32-bit numbers, pixels that are not square), this follows what Imaging.docc promises.
"""
import numpy as np
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, pixel_array
from pydicom.uid import JPEGExtended12Bit


def signed(ds):
    return ds.get("PixelRepresentation", 0) == 1


def native(ds, frame):
    """The stored values of a native frame as they lie in Pixel Data: rows x columns (x 3)."""
    endian = "<" if ds.original_encoding[1] is not False else ">"
    rows, columns, samples = ds.Rows, ds.Columns, ds.get("SamplesPerPixel", 1)
    if "FloatPixelData" in ds or "DoubleFloatPixelData" in ds:
        kind, data = ("f4", ds.FloatPixelData) if "FloatPixelData" in ds else ("f8", ds.DoubleFloatPixelData)
        whole = np.frombuffer(data, endian + kind)
        return whole[frame * rows * columns:(frame + 1) * rows * columns].reshape(rows, columns)
    data = ds.PixelData
    allocated, stored = ds.BitsAllocated, ds.get("BitsStored", ds.BitsAllocated)
    count = rows * columns * samples
    if allocated == 1:
        bits = np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")
        return bits[frame * count:(frame + 1) * count].reshape(rows, columns)
    if samples == 3 and ds.PhotometricInterpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        packed = np.frombuffer(data, "u1")[frame * rows * columns * 2:(frame + 1) * rows * columns * 2].reshape(-1, 4)
        y, b, r = packed[:, :2].reshape(-1), np.repeat(packed[:, 2], 2), np.repeat(packed[:, 3], 2)
        return np.stack([y, b, r], axis=-1).reshape(rows, columns, 3)
    whole = np.frombuffer(data, endian + f"u{allocated // 8}", count=count, offset=frame * count * allocated // 8)
    if endian == ">" and allocated == 8 and ds["PixelData"].VR == "OW":       # bytes in words, the words turned round
        whole = np.frombuffer(data, ">u2").astype("<u2").view("u1")[frame * count:(frame + 1) * count]
    whole = whole.astype("u8")
    high = ds.get("HighBit", stored - 1)
    if high >= allocated or high < stored - 1:
        high = stored - 1
    whole = (whole >> np.uint64(high + 1 - stored)) & np.uint64((1 << stored) - 1)
    whole = whole.astype("i8")
    if signed(ds):
        whole = np.where(whole >= 1 << (stored - 1), whole - (1 << stored), whole)
    if samples == 1:
        return whole.reshape(rows, columns)
    if ds.get("PlanarConfiguration", 0) == 1:
        return whole.reshape(samples, rows, columns).transpose(1, 2, 0)
    return whole.reshape(rows, columns, samples)


def stored_values(ds, frame):
    """The stored values of a frame and its colour space."""
    photometric = ds.get("PhotometricInterpretation", "MONOCHROME2").strip()
    if not ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return native(ds, frame), photometric
    if ds.file_meta.TransferSyntaxUID in ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"):
        ds.file_meta.TransferSyntaxUID = JPEGExtended12Bit       # retired names that pydicom does not know; libjpeg reads them
    values = pixel_array(ds, index=frame, raw=True)
    if photometric in ("YBR_RCT", "YBR_ICT"):
        photometric = "RGB"                                      # undone by the decoder
    return values.astype("i8"), photometric


def group(ds, frame, name):
    """An item of the functional groups: the frame's, else the shared one, else the data set itself."""
    per_frame, shared = ds.get("PerFrameFunctionalGroupsSequence"), ds.get("SharedFunctionalGroupsSequence")
    for groups, index in ((per_frame, frame), (shared, 0)):
        if groups and index < len(groups) and groups[index].get(name):
            return groups[index].get(name)[0]
    return ds


def first(value):
    return value[0] if isinstance(value, (list, tuple)) or hasattr(value, "append") else value


def window_of(item):
    center, width = item.get("WindowCenter"), item.get("WindowWidth")
    if center is None or width is None or first(center) is None or first(width) is None:
        return None
    center, width, function = float(first(center)), float(first(width)), item.get("VOILUTFunction") or "LINEAR"
    if width <= 0 or (function == "LINEAR" and width < 1):
        return None
    return center, width, function


def windowed(x, center, width, function):
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, output 0...255, not yet rounded."""
    if function == "SIGMOID":
        return 255 / (1 + np.exp(-4 * (x - center) / width))
    if function == "LINEAR_EXACT":
        y = (x - center) / width * 255 + 127.5
        return np.where(x <= center - width / 2, 0, np.where(x > center + width / 2, 255, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        y = ((x - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.where(x <= center - 0.5 - (width - 1) / 2, 0, np.where(x > center - 0.5 + (width - 1) / 2, 255, y))


def spread(low, high):
    """The window from low to high; one value only is mid-grey."""
    return (low + (high - low) / 2, high - low, "LINEAR_EXACT") if high > low else (low, 1, "LINEAR_EXACT")


def padding_mask(ds, stored):
    if "PixelPaddingValue" not in ds:
        return np.zeros(stored.shape, bool)
    ends = [int(ds.PixelPaddingValue), int(ds.get("PixelPaddingRangeLimit", ds.PixelPaddingValue))]
    if signed(ds):
        ends = [e - 65536 if e > 32767 else e for e in ends]
    return (stored >= min(ends)) & (stored <= max(ends))


def automatic(ds, stored, output):
    """Imaging.docc: 8 bits as they are; deeper ones between the percentiles 0.5 and 99.5, without padding."""
    bits = ds.get("BitsStored", ds.BitsAllocated)
    segmentation = "SegmentationType" in ds
    if segmentation and ds.SegmentationType == "FRACTIONAL":
        return spread(0, float(ds.MaximumFractionalValue))
    least = -(1 << (bits - 1)) if signed(ds) else 0
    greatest = least + (1 << bits) - 1
    if bits > 8 or segmentation:
        inside = np.sort(stored[~padding_mask(ds, stored)].reshape(-1))
        if len(inside):
            skip = 0 if segmentation else int(len(inside) * 0.005)
            least, greatest = inside[skip], inside[len(inside) - 1 - skip]
    ends = output(np.array([least, greatest]))
    return spread(float(ends.min()), float(ends.max()))


def grey(ds, frame, stored, size=None, shift=0):
    """size: of a smaller picture; values are averaged before the tables, the window is still the whole image's."""
    values = group(ds, frame, "PixelValueTransformationSequence")
    slope, intercept = float(values.get("RescaleSlope", 1) or 1), float(values.get("RescaleIntercept", 0) or 0)
    window = window_of(group(ds, frame, "FrameVOILUTSequence"))
    allocated = ds.get("BitsAllocated", 0)
    if "FloatPixelData" in ds or "DoubleFloatPixelData" in ds or allocated > 16:
        outputs = stored * slope + intercept
        inside = outputs[np.isfinite(stored) & ~padding_mask(ds, stored)]
        window = window or spread(float(inside.min()), float(inside.max()))
        # A line commutes with the average, and what lies beyond its ends is cut off first; a curve does not.
        if size and window[2] == "SIGMOID":
            outputs = shrunk(outputs, *size)
        pixels = windowed(outputs, *window)
    else:
        if ds.get("ModalityLUTSequence"):
            def output(v):
                return apply_modality_lut(v, ds).astype("f8")
        else:
            def output(v):
                return v * slope + intercept
        window = window or automatic(ds, stored, output)
        stored = shrunk(stored, *size) if size else stored + shift
        if ds.get("ModalityLUTSequence"):
            stored = np.floor(stored).astype("i8")
        if ds.get("VOILUTSequence"):
            item = ds.VOILUTSequence[0]
            looked = apply_voi(np.rint(output(stored)).astype("i8"), ds)
            pixels = looked * 255.0 / ((1 << int(item.LUTDescriptor[2])) - 1)
        else:
            pixels = windowed(output(stored), *window)
    if ds.PhotometricInterpretation.strip() == "MONOCHROME1" or ds.get("PresentationLUTShape") == "INVERSE":
        pixels = 255 - pixels
    return pixels


def palette(ds, stored):
    rgb = apply_color_lut(stored, ds)
    return (rgb >> 8 if rgb.dtype.itemsize == 2 and rgb.max() > 255 else rgb).astype("f8")


def colour(ds, stored, photometric):
    bits = ds.get("BitsStored", 8)
    values = stored.astype("f8")
    if bits != 8:
        values *= 255 / ((1 << bits) - 1)
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        y, b, r = (values - [0, 128, 128]).transpose(2, 0, 1)
        values = np.stack([y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b], axis=-1)
    elif photometric.startswith("YBR_PARTIAL"):
        y, b, r = (values - [16, 128, 128]).transpose(2, 0, 1)
        y, b, r = y * 255 / 219, b * 255 / 224, r * 255 / 224
        values = np.stack([y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b], axis=-1)
    return values


def enlarged(pixels, axis, size):
    """Bilinear along one axis."""
    old = pixels.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, old - 1)
    fraction = (at - low).reshape([-1 if i == axis else 1 for i in range(pixels.ndim)])
    return np.take(pixels, low, axis) * (1 - fraction) + np.take(pixels, high, axis) * fraction


def squared(ds, frame, pixels):
    """Pixels that are not square: the sparser axis is stretched."""
    measures = group(ds, frame, "PixelMeasuresSequence")
    for item, name in ((measures, "PixelSpacing"), (ds, "ImagerPixelSpacing"), (ds, "NominalScannedPixelSpacing"),
                       (ds, "PixelAspectRatio")):
        pair = item.get(name)
        if pair is None or isinstance(pair, (str, float)) or len(pair) < 2 or float(pair[0]) <= 0 or float(pair[1]) <= 0:
            continue
        aspect = float(pair[0]) / float(pair[1])
        if abs(aspect - 1) <= 0.01 or not 0.05 <= aspect <= 20:
            break
        rows, columns = pixels.shape[:2]
        pixels = np.rint(pixels)
        if aspect > 1:
            return enlarged(pixels, 0, int(np.floor(rows * aspect + 0.5)))
        return enlarged(pixels, 1, int(np.floor(columns / aspect + 0.5)))
    return pixels


def render(ds, frame=0, size=None, shift=0):
    """The picture of a frame (from 0) as numbers within 0...255, rows x columns (x 3).

    size: rows and columns of a smaller picture; full size otherwise. shift: added to stored grey values, which shows how much
    a difference of one in a decoder is worth in the picture.
    """
    stored, photometric = stored_values(ds, frame)
    if stored.ndim == 3:
        pixels = colour(ds, stored, photometric)
    elif photometric == "PALETTE COLOR":
        pixels = palette(ds, stored)
    else:
        pixels = grey(ds, frame, stored, size, shift)
    pixels = np.clip(pixels, 0, 255)
    if size is None:
        return squared(ds, frame, pixels)
    return pixels if pixels.shape[:2] == tuple(size) else shrunk(pixels, *size)


def shrunk(pixels, rows, columns):
    """The average of the area that each pixel of the smaller picture covers."""
    for axis, size in ((0, rows), (1, columns)):
        old = pixels.shape[axis]
        edges = np.arange(size + 1) * old / size
        total = np.insert(np.cumsum(pixels, axis=axis), 0, 0, axis=axis)      # integral up to each pixel's edge
        low = np.minimum(np.floor(edges).astype(int), old)
        shape = [-1 if i == axis else 1 for i in range(pixels.ndim)]
        part = np.take(pixels, np.minimum(low, old - 1), axis) * (edges - low).reshape(shape)
        pixels = np.diff(np.take(total, low, axis) + part, axis=axis) * (size / old)
    return pixels
