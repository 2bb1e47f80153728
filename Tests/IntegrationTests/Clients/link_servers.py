"""Hubs and sites as a user starts them, for tests of the link between them."""
import atexit
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A `rekkas hub` or `rekkas site` with an archive in `folder` and ports of its own on loopback."""

    def __init__(self, rekkas, kind, folder, arguments=(), environment=None):
        self.rekkas, self.kind, self.folder = rekkas, kind, pathlib.Path(folder)
        self.http, self.dicom = free_port(), free_port()
        self.arguments, self.environment, self.process = list(arguments), environment or {}, None
        self.data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def start(self, *more):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.rekkas, self.kind, "--data", str(self.data), "--http", f"127.0.0.1:{self.http}", "--dicom", f"127.0.0.1:{self.dicom}",
             "--set", "archive.disk-reserve=16M", "--log-level", "notice", *self.arguments, *more],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **self.environment})
        atexit.register(self.abandon)
        if "ready" not in self.process.stdout.readline():
            raise SystemExit(f"the {self.kind} did not start: {self.log[-2000:]}")
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def abandon(self):
        """A test that fails leaves no server behind."""
        if self.process.poll() is None:
            self.process.kill()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, f"SIGTERM does not end the {self.kind} cleanly"

    def request(self, method, path, body=None, headers=None, accept="application/json"):
        """(status, headers, bytes), whatever the status."""
        data = json.dumps(body).encode() if body is not None else None
        more = {"Content-Type": "application/json"} if data is not None else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data, {"Accept": accept, **more, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def get(self, path, accept="application/json"):
        status, headers, body = self.request("GET", path, accept=accept)
        if status != 200:
            raise urllib.error.HTTPError(path, status, body[:300].decode(errors="replace"), headers, None)
        return headers["Content-Type"], body

    def json(self, path, method="GET", body=None, headers=None):
        status, _, answer = self.request(method, path, body, headers)
        assert status in (200, 201, 202), f"{method} {path}: {status} {answer[:300]}"
        return json.loads(answer)

    def verify(self):
        return subprocess.run([self.rekkas, "verify", "--data", str(self.data), "--json"], capture_output=True, text=True)


def wait_for(what, condition, seconds=60):
    """The first true value of the condition; what was waited for stands in the failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"this did not happen within {seconds} s: {what}")
