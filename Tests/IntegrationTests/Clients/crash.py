"""Kills the hub (SIGKILL) or cuts its power again and again while images come in; counts what was lost.

    crash.py --rekkas EXECUTABLE --image CT.dcm --mode kill|power --rounds N [--associations 4] [--seed 1] [--preparation]

kill:  one archive through all rounds; SIGKILL at a random moment; restart; every image acknowledged in the round is
       fetched and compared, and at the end every image of every round, and `rekkas verify`.
power: the archive lies on an ext4 in a loop-mounted file. At a random acknowledgement the file is copied, which is
       what a disk would hold after a power cut; the copy is mounted, a hub started on it, and all is counted.
       Needs root and loop devices.
--preparation: the hub prepares what it receives, the ends come while it does, and images are fetched as Explicit VR Little
       Endian, so that what is compared is the same whether the received or the prepared file was kept.
Ends with one JSON line; exit status 1 when anything acknowledged was lost or differs.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from image_template import Template
from part10 import data_set_bytes, parts
from upper_layer import CT, EXPLICIT, Association

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("--rekkas", required=True)
ap.add_argument("--image", required=True, help="an explicit little endian CT image")
ap.add_argument("--mode", choices=["kill", "power"], required=True)
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--associations", type=int, default=4)
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--preparation", action="store_true")
options = ap.parse_args()
SYNTAX = "1.2.840.10008.1.2.1" if options.preparation else "*"
chance = random.Random(options.seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="rekkas-crash-"))
template = Template(options.image, options.seed)
fresh = template.fresh


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Hub:
    def __init__(self, data):
        self.data, self.http, self.dicom = data, free_port(), free_port()

    def start(self):
        log = open(work / "hub.log", "ab")
        t = time.perf_counter()
        self.process = subprocess.Popen(
            [options.rekkas, "hub", "--data", str(self.data), "--http", f"127.0.0.1:{self.http}", "--dicom",
             f"127.0.0.1:{self.dicom}", "--set", "archive.disk-reserve=16M", "--log-level", "warning",
             "--set", f"preparation.enabled={'true' if options.preparation else 'false'}"],
            stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if "ready" not in line:
            raise SystemExit(f"the hub did not start: {(work / 'hub.log').read_text()[-2000:]}")
        return time.perf_counter() - t

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0, "SIGTERM does not end the hub cleanly"

    def waiting(self):
        """Images that wait to be prepared."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/healthz", timeout=60) as r:
            return json.load(r)["waitingToBePrepared"]

    def prepared(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=60) as r:
            found = [line for line in r.read().decode().split("\n") if line.startswith("rekkas_preparation_prepared_total")]
            return int(float(found[0].split()[-1])) if found else 0

    def get(self, path, accept):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/dicom-web{path}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=60) as r:
            return r.headers["Content-Type"], r.read()


study, series = template.study, template.series


def check(hub, wanted):
    """(good, corrupt, missing) of the acknowledged images {uid: digest of its data set}."""
    good = corrupt = missing = 0
    for uid, digest in wanted.items():
        try:
            kind, body = hub.get(f"/studies/{study}/series/{series}/instances/{uid}",
                                 f'multipart/related; type="application/dicom"; transfer-syntax={SYNTAX}')
            same = hashlib.sha256(data_set_bytes(parts(kind, body)[0][1])).hexdigest() == digest
            good, corrupt = good + same, corrupt + (not same)
        except urllib.error.HTTPError:
            missing += 1
    return good, corrupt, missing


def storm(hub, acked, stop, at=None):
    """Sends fresh images over several associations until the hub dies or `stop`; `at(n)` is called at acknowledgement n."""
    lock = threading.Lock()

    def sender():
        try:
            a = Association(hub.dicom, [(CT, EXPLICIT)])
            while not stop.is_set():
                uid, data = fresh()
                if a.store(CT, uid, data) != 0:
                    continue
                with lock:
                    acked[uid] = hashlib.sha256(data).hexdigest()
                    if at:
                        at(len(acked))
        except (OSError, ConnectionError):
            pass

    threads = [threading.Thread(target=sender) for _ in range(options.associations)]
    for t in threads:
        t.start()
    return threads


prepared = 0


def kill_rounds():
    hub, everything = Hub(work / "data"), {}
    total = [0, 0, 0]
    restarts = []
    global prepared
    for _ in range(options.rounds):
        restarts.append(hub.start())
        acked, stop = {}, threading.Event()
        threads = storm(hub, acked, stop)
        time.sleep(chance.uniform(0.02, 0.5))
        hub.kill()
        stop.set()
        for t in threads:
            t.join()
        restarts.append(hub.start())
        for i, n in enumerate(check(hub, acked)):
            total[i] += n
        everything |= acked
        if options.preparation:
            # In the middle of it, at one step or another.
            time.sleep(chance.uniform(0, 1))
            prepared += hub.prepared()
        if chance.random() < 0.5:
            hub.kill()
        else:
            hub.stop()
    hub.start()
    for _ in range(600):
        if not options.preparation or hub.waiting() == 0:
            break
        time.sleep(0.1)
    final = check(hub, everything)
    if options.preparation:
        prepared += hub.prepared()
        assert hub.waiting() == 0, "the preparation does not end"
    hub.stop()
    verify = subprocess.run([options.rekkas, "verify", "--data", str(hub.data)], capture_output=True, text=True)
    return total, final, restarts, verify.returncode, verify.stdout + verify.stderr


def copy_as_cut(hub, image, snapshot):
    """Copies the disk as a power cut leaves it. The hub stands still meanwhile: copying takes time, and no disk holds what was
    written late without what was flushed before it."""
    os.kill(hub.process.pid, signal.SIGSTOP)
    subprocess.run(["cp", "--sparse=always", str(image), str(snapshot)], check=True)
    os.kill(hub.process.pid, signal.SIGCONT)


def power_rounds():
    total, restarts, says, bad = [0, 0, 0], [], "", 0
    for _ in range(options.rounds):
        image, snapshot, mount = work / "disk.img", work / "cut.img", work / "disk"
        mount.mkdir(exist_ok=True)
        for f in (image, snapshot):
            f.unlink(missing_ok=True)
        with open(image, "wb") as f:
            f.truncate(1200 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
        hub = Hub(mount / "data")
        try:
            hub.start()
            acked, held, stop = {}, {}, threading.Event()
            cut_at = chance.randint(1, 150)
            if options.preparation:
                # The power goes while these are prepared, and nothing comes in.
                for t in storm(hub, acked, stop, lambda n: stop.set() if n >= 100 else None):
                    t.join(120)
                stop.clear()
                held.update(acked)
                time.sleep(chance.uniform(0.1, 2))
                global prepared
                prepared += hub.prepared()
                copy_as_cut(hub, image, snapshot)
                stop.set()

            def cut(n):
                if n == cut_at:
                    held.update(acked)
                    copy_as_cut(hub, image, snapshot)
                    stop.set()

            if not options.preparation:
                for t in storm(hub, acked, stop, cut):
                    t.join(120)
            hub.kill()
            subprocess.run(["umount", str(mount)], check=True)
            subprocess.run(["mount", "-o", "loop", str(snapshot), str(mount)], check=True)
            restarts.append(hub.start())
            for i, n in enumerate(check(hub, held)):
                total[i] += n
            hub.stop()
            verify = subprocess.run([options.rekkas, "verify", "--data", str(hub.data)], capture_output=True, text=True)
            # What a bad round said is not to be lost behind a good one.
            if not bad:
                says = verify.stdout + verify.stderr
            bad += verify.returncode != 0
        finally:
            if hub.process.poll() is None:
                hub.kill()
            for _ in range(50):
                if not os.path.ismount(mount) or subprocess.run(["umount", str(mount)], capture_output=True).returncode == 0:
                    break
                time.sleep(0.1)
    return total, (total[0], total[1], total[2]), restarts, bad, says


total, final, restarts, verify, says = kill_rounds() if options.mode == "kill" else power_rounds()
restarts.sort()
result = {"mode": options.mode, "rounds": options.rounds, "acknowledged": sum(total), "good": total[0], "corrupt": total[1],
          "missing": total[2], "prepared": prepared, "at_the_end": final, "verify": verify, "restart_s_median": round(restarts[len(restarts) // 2], 3),
          "restart_s_max": round(restarts[-1], 3), "verify_says": says[-600:]}
print(json.dumps(result))
shutil.rmtree(work, ignore_errors=True)
raise SystemExit(0 if total[0] > 0 and not any(total[1:]) and not any(final[1:]) and verify == 0 else 1)
