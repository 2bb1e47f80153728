"""What can go wrong between a site and its hub, played with the real programs; each scenario says what a person would see.

    link_scenarios.py --rekkas EXECUTABLE --image CT.dcm [--only NAME]

Ends with one JSON line of the scenarios that held; the first that does not is an assertion.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from image_template import Template
from link_client import LinkObject, LinkSite, announce, header, segment
from link_servers import Server, free_port, wait_for
from link_witness import Witness
from part10 import data_set_bytes, parts
from thin_proxy import ThinProxy
from upper_layer import CT, EXPLICIT, Association

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True)
ap.add_argument("--only")
options = ap.parse_args()
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-scenarios-"))
KEYS = {"MIDELT": "11" * 32, "AZILAL": "22" * 32}


def hub(name, keys=KEYS):
    folder = work / name
    folder.mkdir(parents=True)
    (folder / "sites.yaml").write_text("sites:\n" + "".join(f"  - name: {n}\n    title: Centre de {n}\n    key: {k}\n" for n, k in keys.items()))
    return Server(options.rekkas, "hub", folder, ["--set", f"link.sites={folder}/sites.yaml"])


def site(name, port, code="MIDELT", key=None, arguments=()):
    return Server(options.rekkas, "site", work / name, ["--name", code, "--hub", f"http://127.0.0.1:{port}", "--set", "link.heartbeat=5", *arguments],
                  {"REKKAS_LINK_KEY": key or KEYS[code]})


def push(server, template, count, calling="STORM"):
    """Sends fresh images of a new study; {uid: digest of the data set}, or the status of the first that was refused."""
    template.fresh_study()
    sent = {}
    association = Association(server.dicom, [(CT, EXPLICIT)], calling=calling)
    for _ in range(count):
        uid, data = template.fresh()
        status = association.store(CT, uid, data)
        if status != 0:
            return status
        sent[uid] = hashlib.sha256(data).hexdigest()
    return sent


def problem(server):
    return server.json("/api/v1/site")["link"].get("problem")


def whole(server, study, count):
    p = server.json(f"/api/v1/studies/{study}/progress")
    return p["link"] and p["whole"] >= count


def two_patients_with_one_id():
    """Two sites have a patient 000012 each: the hub never takes them for one."""
    h = hub("ids").start()
    sites = {code: site(f"ids-{code}", h.http, code).start() for code in KEYS}
    template = Template(options.image, 11)
    studies = {}
    for code, s in sites.items():
        assert len(push(s, template, 2)) == 2
        studies[code] = template.study
    for code, study in studies.items():
        wait_for(f"the study of {code} is whole", lambda: whole(h, study, 2))
        status, _, body = h.request("GET", f"/dicom-web/studies?IssuerOfPatientID={code}&includefield=IssuerOfPatientID", accept="application/dicom+json")
        rows = json.loads(body)
        assert status == 200 and [r["0020000D"]["Value"][0] for r in rows] == [study], (code, rows)
        assert rows[0]["00100021"]["Value"] == [code]
        # And so says the file that readers and archives get.
        kind, body = h.get(f"/dicom-web/studies/{study}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
        for _, file in parts(kind, body):
            assert b"\x10\x00\x21\x00LO" in data_set_bytes(file) and code.encode() in data_set_bytes(file)
    for s in [*sites.values(), h]:
        s.stop()


def case_before_images():
    """A case opened at the site is on the hub's worklist before its images, which join it by their accession number; without consent they stay closed."""
    h = hub("case").start()
    proxy = ThinProxy(h.http, 2000)
    s = site("case-site", proxy.port).start()
    made = s.json("/api/v1/cases", "POST", {"urgency": "urgent", "specialty": "radiology", "question": "Fracture du rocher ?",
                                           "patient": {"id": "77", "name": "EXEMPLE^Amina=المثال^أمينة"}, "consent": {"given": None}})
    number = made["number"]
    row = wait_for("the case is on the worklist", lambda: [c for c in h.json("/api/v1/worklist")["cases"] if c["number"] == number])[0]
    assert row["question"] == "Fracture du rocher ?" and row["patient"]["issuer"] == "MIDELT" and row["site"] == "MIDELT"
    template = Template(options.image, 12)
    assert len(push(s, template, 3)) == 3
    unassigned = wait_for("the study waits as unassigned", lambda: s.json("/api/v1/unassigned")["studies"])
    assert unassigned[0]["study"] == template.study
    s.json(f"/api/v1/cases/{number}/studies/{template.study}", "PUT")
    wait_for("the study is whole at the hub", lambda: whole(h, template.study, 3))
    wait_for("the study stands in the case at the hub", lambda: template.study in h.json(f"/api/v1/cases/{number}")["studies"])
    metadata = f"/dicom-web/studies/{template.study}/metadata"
    status, _, body = h.request("GET", metadata, accept="application/dicom+json")
    assert status == 403 and b"no-consent" in body, (status, body[:200])
    now = s.json(f"/api/v1/cases/{number}")
    s.json(f"/api/v1/cases/{number}", "PATCH", {"consent": {"given": True}, "revision": now["revision"]})
    wait_for("the pictures open when the consent is noted", lambda: h.request("GET", metadata, accept="application/dicom+json")[0] == 200)
    s.json(f"/api/v1/cases/{number}/seal", "POST")
    done = wait_for("the case is complete at the hub", lambda: [p for p in h.json(f"/api/v1/cases/{number}")["progress"] if p["isComplete"]])
    assert done[0]["sealedBy"] == "staff"
    # One more image is an addendum, not an error.
    association = Association(s.dicom, [(CT, EXPLICIT)])
    uid, data = template.fresh()
    assert association.store(CT, uid, data) == 0
    wait_for("the late image comes, too", lambda: whole(h, template.study, 4))
    for server in (s, h):
        server.stop()
    proxy.close()


def wrong_key():
    """A site whose key the hub does not know says so, keeps everything, and sends when the key is right."""
    h = hub("key").start()
    s = site("key-site", h.http, key="33" * 32).start()
    template = Template(options.image, 13)
    assert len(push(s, template, 2)) == 2
    assert wait_for("the site says that its key is refused", lambda: problem(s)) in ("key", "portal"), problem(s)
    s.stop()
    s.environment["REKKAS_LINK_KEY"] = KEYS["MIDELT"]
    s.start()
    wait_for("with the right key everything comes", lambda: whole(h, template.study, 2))
    s.stop()
    h.stop()


def captive_portal():
    """Somebody else answers in the hub's name: nothing is believed, nothing is lost."""
    server = socket.create_server(("127.0.0.1", 0), backlog=16)

    def portal():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            peer.settimeout(5)
            try:
                peer.recv(65536)
                page = b"<html>Veuillez recharger votre compte</html>"
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(page), page))
            except OSError:
                pass
            peer.close()
    threading.Thread(target=portal, daemon=True).start()
    s = site("portal-site", server.getsockname()[1]).start()
    template = Template(options.image, 14)
    assert len(push(s, template, 2)) == 2
    assert wait_for("the site knows that it is not the hub", lambda: problem(s)) == "portal", problem(s)
    wait_for("both images wait", lambda: s.json("/api/v1/site")["queue"]["objects"] == 2)
    s.stop()
    server.close()


def damaged_on_the_way():
    """A line changes bytes of what goes over it: the site calls that an interruption, not a wrong key, and the hub keeps no wrong byte."""
    h = hub("damaged").start()
    proxy = ThinProxy(h.http, 4000)
    s = site("damaged-site", proxy.port).start()
    wait_for("the session is open", lambda: s.json("/api/v1/site")["link"]["state"] == "connected")
    damaged = []

    def damage(way, data):
        # Of a body, and of both ways.
        if len(damaged) < 6 and len(data) >= 200 and b"HTTP/1.1" not in data and random.random() < 0.3:
            damaged.append(way)
            data = bytearray(data)
            data[len(data) // 2] ^= 0x10
        return bytes(data)
    proxy.damage = damage
    witness = Witness(Template(options.image, 21))
    for _ in range(4):
        assert witness.push(s, 3) == 3
        time.sleep(1)
    assert not witness.wait(h, witness.acknowledged, 60), witness.reasons
    said = {line.split("problem=")[1].split()[0] for line in s.log.split("\n") if "problem=" in line}
    assert len(damaged) == 6 and "interrupted" in said and "key" not in said, (damaged, said)
    wait_for("the message goes when the line is good again", lambda: problem(s) is None)
    assert h.json("/healthz")["quarantined"] == 0
    s.stop()
    h.stop()
    proxy.close()
    assert h.verify().returncode == 0


def hub_is_full():
    """The hub's disk has reached its reserve: the site says so and keeps everything; with room again it goes on by itself."""
    h = hub("full").start("--set", "archive.disk-reserve=900T")
    s = site("full-site", h.http).start()
    template = Template(options.image, 15)
    assert len(push(s, template, 3)) == 3
    assert wait_for("the site says that the hub is full", lambda: problem(s)) == "hub-full", problem(s)
    wait_for("and calls it a refusal", lambda: s.json("/api/v1/site")["link"]["state"] == "refused")
    # It goes on saying so, whatever else the hub answers meanwhile (a heartbeat comes every five seconds).
    for _ in range(14):
        assert problem(s) == "hub-full", problem(s)
        time.sleep(0.5)
    # And the hub's administrator hears of it.
    status, _, body = h.request("GET", "/healthz")
    assert status == 503 and b"the disk has no more than its reserve" in body, body
    assert "\nrekkas_archive_free_bytes_above_reserve 0\n" in h.get("/metrics", "text/plain")[1].decode()
    h.kill()
    h.start()
    s.json("/api/v1/site/retry", "POST", {})
    wait_for("with room everything comes", lambda: whole(h, template.study, 3))
    wait_for("and nothing is said of it any more", lambda: problem(s) is None)
    s.stop()
    h.stop()


def site_is_full():
    """The site's disk has reached its reserve: the device hears 0xA700 and keeps the image; what was taken is sent."""
    h = hub("sitefull").start()
    s = site("sitefull-site", h.http).start()
    template = Template(options.image, 16)
    assert len(push(s, template, 2)) == 2
    wait_for("what was taken is sent", lambda: whole(h, template.study, 2))
    s.stop()
    s.start("--set", "archive.disk-reserve=900T")
    assert push(s, template, 1) == 0xA700
    # The staff see it on the page (below twice the reserve it warns), the administrator in the site's health.
    disk = s.json("/api/v1/site")["disk"]
    assert disk["free"] < 2 * disk["reserve"], disk
    status, _, body = s.request("GET", "/healthz")
    assert status == 503 and b"the disk has no more than its reserve" in body, body
    s.stop()
    h.stop()


def stranger_replays():
    """What went over the link is recorded and sent again by a stranger: refused, and nothing changes."""
    h = hub("replay").start()
    recorded = []
    server = socket.create_server(("127.0.0.1", 0), backlog=16)

    def relay(near):
        far = socket.create_connection(("127.0.0.1", h.http))
        heard = bytearray()
        recorded.append(heard)

        def pipe(a, b, keep):
            try:
                while data := a.recv(65536):
                    if keep:
                        heard.extend(data)
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        threading.Thread(target=pipe, args=(far, near, False), daemon=True).start()
        pipe(near, far, True)

    def accept():
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(near,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    s = site("replay-site", server.getsockname()[1]).start()
    template = Template(options.image, 17)
    assert len(push(s, template, 2)) == 2
    wait_for("the images come", lambda: whole(h, template.study, 2))
    s.stop()
    server.close()
    before = h.json("/api/v1/sites")[0]["objects"]
    answers = b""
    for heard in recorded:
        with socket.create_connection(("127.0.0.1", h.http)) as c:
            c.settimeout(5)
            try:
                c.sendall(bytes(heard))
                c.shutdown(socket.SHUT_WR)
                while data := c.recv(65536):
                    answers += data
            except OSError:
                pass
    assert b"replayed" in answers, answers[:400]
    assert h.json("/api/v1/sites")[0]["objects"] == before
    # The administrator can see that somebody tried.
    assert 'code="replayed"' in h.get("/metrics", "text/plain")[1].decode()
    assert "replayed" in h.log, h.log[-1000:]
    h.stop()
    assert h.verify().returncode == 0


def dead_link_for_a_while():
    """No link at all: images are taken and stay; when the hub comes, they go, without anybody doing anything."""
    h = hub("dead")
    s = site("dead-site", h.http).start()
    template = Template(options.image, 18)
    assert len(push(s, template, 3)) == 3
    assert wait_for("the site says that the hub cannot be reached", lambda: problem(s)) == "unreachable"
    time.sleep(3)
    # What never left is not counted against the month's bytes, however often it is tried.
    assert s.json("/api/v1/site")["link"]["monthBytes"] == 0
    s.kill()
    s.start()
    h.start()
    s.json("/api/v1/site/retry", "POST", {})
    wait_for("everything comes", lambda: whole(h, template.study, 3))
    queue = wait_for("and the receipts", lambda: s.json("/api/v1/site")["queue"]["objects"] == 0)
    assert queue
    s.stop()
    h.stop()


def courier(server, *arguments, stick, environment=None, http=None, data=None):
    """What `rekkas courier` says and its exit status; it is told where the server would answer, and where its archive lies."""
    r = subprocess.run([options.rekkas, "courier", *arguments, str(stick), "--data", str(data or server.data), "--http", f"127.0.0.1:{http or server.http}",
                        "--set", "archive.disk-reserve=16M"], capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=170)
    return r.returncode, r.stdout + r.stderr


def sites_of(h):
    return ["--set", f"link.sites={h.folder}/sites.yaml"]


def nothing_waits(s):
    wait_for("the site knows that nothing waits", lambda: s.json("/api/v1/site")["queue"]["objects"] == 0)


def dead_link_and_a_courier():
    """The link is dead for good: a stick carries the images to the hub and the receipts back; a stranger reads nothing on it."""
    h = hub("courier")
    s = site("courier-site", 9).start()  # nobody listens there
    template = Template(options.image, 19)
    sent = push(s, template, 3)
    assert len(sent) == 3
    s.stop()
    stick = work / "stick"
    stick.mkdir()
    at_site = ["--name", "MIDELT", "--hub", "https://hub.example.org"]
    status, said = courier(s, "export", *at_site, stick=stick, environment=s.environment)
    assert status == 0 and "3 images" in said, said
    written = [p for p in stick.rglob("*") if p.is_file()]
    pixels = pathlib.Path(options.image).read_bytes()[-4096:-2048]
    assert written and all(b"DICM" not in p.read_bytes() and pixels not in p.read_bytes() for p in written)
    status, said = courier(s, "receipts", *at_site, stick=stick, environment=s.environment)
    assert status == 2 and "no receipts" in said, said
    for _ in range(2):  # importing twice does no harm
        status, said = courier(h, "import", *sites_of(h), stick=stick)
        assert status == 0 and "MIDELT: 3 images" in said, said
    h.start()
    kind, body = h.get(f"/dicom-web/studies/{template.study}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert len(parts(kind, body)) == 3
    h.stop()
    status, said = courier(s, "receipts", *at_site, stick=stick, environment=s.environment)
    assert status == 0 and "3 images" in said, said
    s.start()
    assert s.json("/api/v1/site")["queue"]["objects"] == 0
    s.stop()
    assert h.verify().returncode == 0 and s.verify().returncode == 0


def courier_while_both_run():
    """Hub and site run, and nobody stops them: the commands ask them, and what goes wrong on the way is said and mended by the next round."""
    h = hub("running").start()
    s = site("running-site", 9).start()
    template = Template(options.image, 21)
    assert len(push(s, template, 3)) == 3
    study = template.study
    stick = work / "running-stick"
    stick.mkdir()
    # The staff know neither name nor key: the site does.
    status, said = courier(s, "export", stick=stick)
    assert status == 0 and "3 images" in said and "pulled out" in said, said
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 0 and "MIDELT: 3 images and" in said, said
    assert whole(h, study, 3)
    seen = [x for x in h.json("/api/v1/sites") if x["site"] == "MIDELT"][0]
    assert "lastSeen" not in seen and "lastCourier" in seen, seen  # a courier is no link
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 0 and "3 of them were here before" in said, said
    status, said = courier(s, "receipts", stick=stick)
    assert status == 0 and "The hub has 3 images" in said, said
    nothing_waits(s)

    # A stick with a damaged file: it costs what is in it, and the next export brings that.
    template2 = Template(options.image, 22)
    assert len(push(s, template2, 4)) == 4
    status, said = courier(s, "export", stick=stick)
    assert status == 0 and "4 images" in said, said
    chunk = sorted(p for p in stick.rglob("*-0000*.rkc"))[-1]
    raw = bytearray(chunk.read_bytes())
    raw[len(raw) // 2] ^= 1
    chunk.write_bytes(raw)
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 1 and "1 files are damaged or missing" in said and chunk.name in said, (status, said)
    status, said = courier(s, "export", stick=stick)
    assert status == 0, said
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 0 and whole(h, template2.study, 4), said
    status, said = courier(s, "receipts", stick=stick)
    assert status == 0, said
    nothing_waits(s)

    # Everything that can be wrong has its own words.
    empty = work / "empty-stick"
    empty.mkdir()
    for arguments, wanted, text in [
        ((h, "import", *sites_of(h), ), 2, "holds nothing of a courier"), ((s, "receipts"), 2, "holds nothing of a courier")]:
        status, said = courier(*arguments, stick=empty)
        assert status == wanted and text in said, (status, said)
    status, said = courier(h, "import", *sites_of(h), stick=work / "no-stick")
    assert status == 2 and "is no folder" in said, said
    status, said = courier(h, "import", stick=stick)
    assert status == 64 and "link.sites is not set" in said, (status, said)
    assert len(push(s, template2, 1)) == 1
    status, said = courier(s, "export", stick=stick)
    assert status == 0, said
    status, said = courier(h, "import", *sites_of(h), stick=stick, http=free_port())
    assert status == 3 and "nobody answers at" in said, (status, said)
    status, said = courier(h, "import", *sites_of(h), stick=stick, http=s.http)
    assert status == 3 and "is not the program that is meant" in said, (status, said)
    status, said = courier(s, "export", stick=stick, http=h.http)
    assert status == 3 and "is not the program that is meant" in said, (status, said)
    other = hub("running-other", {"MIDELT": "44" * 32})
    status, said = courier(h, "import", *sites_of(other), stick=stick)
    assert status == 2 and "a key that is not known here" in said, (status, said)
    other.start()
    status, said = courier(other, "import", *sites_of(h), stick=stick)
    assert status == 3 and "refuses the key of MIDELT" in said, (status, said)
    other.stop()
    manifest = next(stick.rglob("manifest.rkc"))
    kept = manifest.read_bytes()
    manifest.unlink()
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 2 and "did not come to its end" in said, (status, said)
    manifest.write_bytes(kept[:100])
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 2 and "is damaged" in said, (status, said)
    manifest.write_bytes(kept)
    h.stop()
    h.start("--set", "archive.disk-reserve=900T")
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status in (1, 3) and "make room, then import again" in said, (status, said)
    h.stop()
    h.start()
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 0 and whole(h, template2.study, 1), (status, said)
    for server in (s, h):
        server.stop()
        assert server.verify().returncode == 0


def courier_is_killed():
    """Imports and exports end with kill -9 at any moment, and the hub, too: the next one goes on, and every image comes as it was sent."""
    h = hub("killed").start()
    # As they were received, so that there is enough to be interrupted in.
    s = site("killed-site", 9, arguments=["--set", "preparation.enabled=false"]).start()
    template = Template(options.image, 23)
    size = len(template.fresh()[1])
    count = min(400, max(40, (24 << 20) // size))
    sent = push(s, template, count)
    assert len(sent) == count
    stick = work / "killed-stick"
    stick.mkdir()
    chance = random.Random(23)

    def interrupted(server, *arguments, most):
        process = subprocess.Popen([options.rekkas, "courier", *arguments, str(stick), "--data", str(server.data), "--http", f"127.0.0.1:{server.http}"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, most))
        process.kill()
        process.wait()
    for _ in range(3):
        interrupted(s, "export", most=0.8)
    status, said = courier(s, "export", stick=stick)
    assert status == 0 and f"{count} images" in said, said
    assert not list(stick.rglob("*.new"))
    for _ in range(6):
        interrupted(h, "import", *sites_of(h), most=1.2)
    # The hub ends and comes back while an import runs: it waits.
    process = subprocess.Popen([options.rekkas, "courier", "import", str(stick), "--data", str(h.data), "--http", f"127.0.0.1:{h.http}", *sites_of(h)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(0.3)
    h.kill()
    h.start()
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 0 or "nobody answers" in said, said
    status, said = courier(h, "import", *sites_of(h), stick=stick)
    assert status == 0 and f"MIDELT: {count} images" in said, said
    kind, body = h.get(f"/dicom-web/studies/{template.study}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
    got = parts(kind, body)
    assert len(got) == count
    status, said = courier(s, "receipts", stick=stick)
    assert status == 0, said
    nothing_waits(s)
    for server in (s, h):
        server.stop()
        assert server.verify().returncode == 0


def another_client():
    """A client written from the article alone: pieces in any order and twice, and the hub says what it lacks after it was killed."""
    # What came is compared with what is there: the hub keeps it as it came.
    as_it_came = ("--set", "preparation.enabled=false")
    h = hub("client").start(*as_it_came)
    raw = pathlib.Path(options.image).read_bytes()
    template = Template(options.image, 20)
    study = template.fresh_study()
    images = [LinkObject(raw[:len(raw) - len(template.data)] + template.fresh()[1]) for _ in range(3)]
    client = LinkSite(h.http, "AZILAL", bytes.fromhex(KEYS["AZILAL"]))
    client.open()
    client.batch(announce(images), *[header(i) for i in images])
    assert h.json(f"/api/v1/studies/{study}/progress")["visible"] == 3
    pieces = [(i, at, min(len(i.file), at + 9000)) for i in images for at in range(0, len(i.file), 9000)]
    random.Random(20).shuffle(pieces)
    half = len(pieces) // 2
    for piece in pieces[:half] + pieces[:5]:
        client.batch(segment(*piece))
    h.kill()
    h.start(*as_it_came)
    client.http = None
    try:
        client.batch(segment(*pieces[0]))
        raise AssertionError("a session outlived the hub")
    except ConnectionError as error:
        assert "session-unknown" in str(error)
    client.open()
    answer = client.batch(announce(images))
    have = {o["digest"]: o["have"] for o in answer["objects"]}
    receipts = set()
    for image in images:
        flat = have[image.digest]
        here = list(zip(flat[::2], flat[1::2]))
        at = 0
        for start, end in [*here, (len(image.file), None)]:
            if start > at:
                receipts |= set(client.batch(segment(image, at, start)).get("receipts", []))
            at = end
    # Only what was acknowledged counts, and all of it does.
    assert all(any(s <= a and b <= e for s, e in zip(have[i.digest][::2], have[i.digest][1::2])) for i, a, b in pieces[:half])
    assert receipts == {i.digest for i in images}
    kind, body = h.get(f"/dicom-web/studies/{study}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert {hashlib.sha256(file).hexdigest() for _, file in parts(kind, body)} == receipts
    h.stop()


scenarios = [two_patients_with_one_id, case_before_images, wrong_key, captive_portal, damaged_on_the_way, hub_is_full,
             site_is_full, stranger_replays, dead_link_for_a_while, dead_link_and_a_courier, courier_while_both_run,
             courier_is_killed, another_client]
held = {}
for scenario in scenarios:
    if options.only and scenario.__name__ != options.only:
        continue
    start = time.monotonic()
    scenario()
    held[scenario.__name__] = round(time.monotonic() - start, 1)
print(json.dumps({"held": held}))
shutil.rmtree(work)
