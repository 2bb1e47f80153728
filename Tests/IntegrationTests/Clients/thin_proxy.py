"""A TCP relay on loopback with a rate, for tests that cut the link between site and hub."""
import socket
import struct
import threading
import time


class ThinProxy:
    """Lets `kbit` per second through in each direction; `cut()` resets what is open, and for `seconds` refuses what comes."""

    def __init__(self, target, kbit):
        self.target, self.rate = target, kbit * 125
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.lock, self.open, self.dead_until = threading.Lock(), set(), 0.0
        self.free = {"up": 0.0, "down": 0.0}
        self.bytes = {"up": 0, "down": 0}
        self.cuts, self.ended = 0, False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.ended:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            if time.monotonic() < self.dead_until:
                self.reset(near)
                continue
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.target), 10)
        except OSError:
            self.reset(near)
            return
        for s in (near, far):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.settimeout(None)
        with self.lock:
            self.open |= {near, far}
        ways = [threading.Thread(target=self.pipe, args=a, daemon=True) for a in ((near, far, "up"), (far, near, "down"))]
        for w in ways:
            w.start()
        for w in ways:
            w.join()
        with self.lock:
            self.open -= {near, far}
        near.close()
        far.close()

    def pipe(self, source, sink, way):
        try:
            while data := source.recv(1400):
                with self.lock:
                    self.free[way] = max(self.free[way], time.monotonic()) + len(data) / self.rate
                    wait = self.free[way] - time.monotonic()
                    self.bytes[way] += len(data)
                if wait > 0.002:
                    time.sleep(wait)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for s in (source, sink):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    @staticmethod
    def reset(s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()

    def cut(self, seconds=0.0):
        self.cuts += 1
        self.dead_until = time.monotonic() + seconds
        with self.lock:
            for s in self.open:
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.ended = True
        self.server.close()
        self.cut()
