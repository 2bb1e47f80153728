"""What a modality built on pynetdicom does with the hub: echo, store one by one, store over one association.

    pynetdicom_client.py DICOM_PORT FILE...
"""
import sys
import warnings

import pydicom
from pynetdicom import AE
from pynetdicom.sop_class import Verification

warnings.simplefilter("ignore")
port, *files = sys.argv[1:]
ae = AE(ae_title="PYMODALITY")
ae.add_requested_context(Verification)
sets = [pydicom.dcmread(f) for f in files]
for ds in sets:
    ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    ae.add_requested_context("1.2.826.0.1.3680043.9.9999.1", "1.2.840.10008.1.2.1")  # a private storage class
ae.add_requested_context("1.2.840.10008.5.1.4.1.2.2.1")  # Study Root find: not a storage class
assoc = ae.associate("127.0.0.1", int(port), ae_title="REKKAS")
assert assoc.is_established
refused = [str(c.abstract_syntax) for c in assoc.rejected_contexts]
assert refused == ["1.2.840.10008.5.1.4.1.2.2.1"], refused
assert assoc.send_c_echo().Status == 0
for ds in sets:
    assert assoc.send_c_store(ds).Status == 0, ds.SOPInstanceUID
    assert assoc.send_c_store(ds).Status == 0, "a re-send of the same bytes is success"

private = sets[0].copy() if hasattr(sets[0], "copy") else sets[0]
private.SOPClassUID = "1.2.826.0.1.3680043.9.9999.1"
private.SOPInstanceUID = "2.25.330012345678901234567890"
private.file_meta.MediaStorageSOPClassUID = private.SOPClassUID
private.file_meta.MediaStorageSOPInstanceUID = private.SOPInstanceUID
assert assoc.send_c_store(private).Status == 0, "a private storage class"

private.PatientID = "OTHER"
status = assoc.send_c_store(private)
assert status.Status != 0, "other bytes under the same SOP Instance UID are never taken in silence"
assoc.release()
print("all good")
