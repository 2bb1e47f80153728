"""Path, SOP Instance UID and transfer syntax of each DICOM file of a folder with a MANIFEST.csv, separated by tabs."""
import csv
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
for row in csv.DictReader(open(folder / "MANIFEST.csv", encoding="utf-8")):
    if row["path"].endswith(".dcm"):
        syntax = re.search(r"[\d.]{10,}", row["transfer_syntax"])
        print(row["path"], row["sop_instance_uid"], syntax.group() if syntax else "", sep="\t")
