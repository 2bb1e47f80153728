"""Holds the hub's doors with bad clients and asks how long a good one waits.

    hostile.py HTTP_PORT DICOM_PORT PID CT.dcm

200 idle associations, 200 bare TCP connections, 50 half-sent images and 200 stalled POSTs are held together; a good
client then echoes, stores, and searches. Ends with one JSON line.
"""
import json
import pathlib
import socket
import sys
import time
import urllib.request

from part10 import data_set_bytes
from upper_layer import CT, EXPLICIT, IMPLICIT, VERIFICATION, Association

http, dicom, pid = map(int, sys.argv[1:4])
data = data_set_bytes(pathlib.Path(sys.argv[4]).read_bytes())
at = data.index(b"\x08\x00\x18\x00UI")
length = int.from_bytes(data[at + 6:at + 8], "little")
instance = data[at + 8:at + 8 + length].rstrip(b"\0").decode()
held, refused = [], 0


def rss():
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def hold(what, n, make):
    global refused
    for _ in range(n):
        try:
            held.append(make())
        except OSError:
            refused += 1


def half_sent():
    a = Association(dicom, [(CT, EXPLICIT)], timeout=5)
    a.store_request(CT, instance)
    a.pdata(1, 0, data[:len(data) // 2][:a.max_pdu - 6])
    return a.socket


def stalled_post():
    s = socket.create_connection(("127.0.0.1", http), 5)
    s.sendall(b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
              b'Content-Type: multipart/related; type="application/dicom"; boundary=B\r\n\r\n--B')
    return s


hold("associations", 200, lambda: Association(dicom, [(VERIFICATION, IMPLICIT)], timeout=5).socket)
hold("connections", 200, lambda: socket.create_connection(("127.0.0.1", dicom), 5))
hold("halves", 50, half_sent)
hold("posts", 200, stalled_post)


def timed(work):
    t = time.perf_counter()
    value = work()
    return value, round(time.perf_counter() - t, 3)


def echo():
    a = Association(dicom, [(VERIFICATION, IMPLICIT)], timeout=30)
    status = a.echo()
    a.release()
    return status


def store():
    a = Association(dicom, [(CT, EXPLICIT)], timeout=30)
    status = a.store(CT, instance, data)
    a.release()
    return status


def search():
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/dicom-web/instances?SOPInstanceUID={instance}", timeout=30) as r:
        return len(json.load(r))


result = {"held": len(held), "refused": refused}
result["echo"], result["echoSeconds"] = timed(echo)
result["store"], result["storeSeconds"] = timed(store)
result["found"], result["searchSeconds"] = timed(search)
result["residentMB"] = rss()
for s in held:
    s.close()

# Garbage: none of it may be answered with anything but a refusal or a closed connection, and none may cost memory.
answers = []
for what in (b"\xff" * 4096, b"GET / HTTP/1.0\r\n\r\n", b"\x01\x00\xff\xff\xff\xff" + bytes(2000), b"\x01\x00\0\0\0\0",
             b"\x04\x00\xff\xff\xff\xf0" + bytes(3000)):
    s = socket.create_connection(("127.0.0.1", dicom), 5)
    s.settimeout(15)
    try:
        s.sendall(what)
        got = s.recv(64)
        answers.append(got[0] if got else 0)
    except ConnectionError:
        answers.append(0)
    except socket.timeout:
        answers.append(-1)
    s.close()
result["garbage"] = answers
a = Association(dicom, [(CT, EXPLICIT)], timeout=20)
a.socket.sendall(b"\x04\x00\xff\xff\xff\xf0" + bytes(3000))
try:
    result["giantPDU"] = a.pdu()[0]
except (OSError, ConnectionError):
    result["giantPDU"] = 0

# A truncated data set is never a success; the same with another UID inside than the command says.
a = Association(dicom, [(CT, EXPLICIT)], timeout=20)
result["truncated"] = a.store(CT, "2.25.4242", data[:len(data) // 2])
result["mismatch"] = a.store(CT, "2.25.4243", data)
a.release()
result["after"] = echo()
print(json.dumps(result))
