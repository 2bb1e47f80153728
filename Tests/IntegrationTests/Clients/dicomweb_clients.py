"""What a program with the dicomweb-client library does with the hub: store, search, retrieve.

    dicomweb_clients.py HTTP_BASE FILE...
"""
import sys
import warnings

import numpy
import pydicom
from dicomweb_client.api import DICOMwebClient

warnings.simplefilter("ignore")
base, *files = sys.argv[1:]
client = DICOMwebClient(url=base + "/dicom-web")
sets = [pydicom.dcmread(f) for f in files]

answer = client.store_instances(datasets=sets)
assert len(answer.ReferencedSOPSequence) == len(sets), answer
assert "FailedSOPSequence" not in answer or not answer.FailedSOPSequence
print("stored", len(sets))

for ds in sets:
    study, series, instance = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
    rows = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert len(rows) == 1 and rows[0]["0020000D"]["Value"] == [study]
    rows = client.search_for_studies(search_filters={"PatientID": ds.PatientID}, fuzzymatching=True, limit=50)
    assert any(r["0020000D"]["Value"] == [study] for r in rows)
    name = str(ds.PatientName)
    if name:
        rows = client.search_for_studies(search_filters={"PatientName": name[:4] + "*"}, fields=["StudyDescription", "00081030"])
        assert any(r["0020000D"]["Value"] == [study] for r in rows), name
    rows = client.search_for_series(study, search_filters={"Modality": ds.Modality})
    assert any(r["0020000E"]["Value"] == [series] for r in rows)
    rows = client.search_for_instances(study, series)
    assert any(r["00080018"]["Value"] == [instance] for r in rows)
    assert client.search_for_studies(search_filters={"PatientID": "nobody-has-this"}) == []

    meta = client.retrieve_instance_metadata(study, series, instance)
    assert meta["00080018"]["Value"] == [instance]
    assert len(client.retrieve_study_metadata(study)) >= 1 and len(client.retrieve_series_metadata(study, series)) >= 1

    back = client.retrieve_instance(study, series, instance, media_types=(("application/dicom", "1.2.840.10008.1.2.1"),))
    assert back.SOPInstanceUID == instance and str(back.PatientName) == name
    assert bytes(back.PixelData).rstrip(b"\0") == bytes(ds.PixelData).rstrip(b"\0")
    # Unasked, this client says "*": as it is kept, which is as it came, or prepared meanwhile.
    back = client.retrieve_instance(study, series, instance)
    assert back.file_meta.TransferSyntaxUID in (ds.file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.4.90")
    assert len(client.retrieve_series(study, series)) >= 1

    frame = client.retrieve_instance_frames(study, series, instance, frame_numbers=[1])[0]
    wanted = ds.pixel_array[0] if int(ds.get("NumberOfFrames", 1) or 1) > 1 else ds.pixel_array
    assert bytes(frame)[:wanted.nbytes] == numpy.ascontiguousarray(wanted).tobytes(), "frame bytes differ"
    picture = client.retrieve_instance_rendered(study, series, instance, media_types=("image/jpeg",))
    assert picture[:2] == b"\xff\xd8"
    picture = client.retrieve_instance_frames_rendered(study, series, instance, [1], media_types=("image/png",))
    assert picture[:4] == b"\x89PNG"
    print("ok", instance)

again = client.store_instances(datasets=sets)
assert len(again.ReferencedSOPSequence) == len(sets), "a re-send of the same bytes is success"
print("all good")
