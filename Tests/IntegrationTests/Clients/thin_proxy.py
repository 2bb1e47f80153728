"""A TCP relay on loopback with a rate and a round trip, for tests that cut the link between site and hub."""
import queue
import socket
import struct
import threading
import time


class ThinProxy:
    """Lets `kbit` per second through in each direction, each byte half a `round_trip` (seconds) after it left the line.

    `cut()` resets what is open, and for `seconds` refuses what comes. `stall()` lets nothing move for `seconds`, and breaks nothing.
    """

    def __init__(self, target, kbit, round_trip=0.0):
        self.target, self.rate, self.delay = target, kbit * 125, round_trip / 2
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.lock, self.open, self.dead_until, self.still_until = threading.Lock(), set(), 0.0, 0.0
        self.free = {"up": 0.0, "down": 0.0}
        self.bytes = {"up": 0, "down": 0}
        self.cuts, self.connections, self.ended = 0, 0, False
        self.damage = None  # (way, data) -> data, for a line that is not to be trusted
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
            self.connections += 1
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        time.sleep(2 * self.delay)  # the handshake
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
        """Reads as fast as the line takes it; another thread hands on what has come to the line's other end."""
        flying = queue.Queue()
        deliverer = threading.Thread(target=self.deliver, args=(flying, source, sink), daemon=True)
        deliverer.start()
        try:
            while data := source.recv(1400):
                with self.lock:
                    self.free[way] = max(self.free[way], self.still_until, time.monotonic()) + len(data) / self.rate
                    left = self.free[way]
                    self.bytes[way] += len(data)
                flying.put((left + self.delay, self.damage(way, data) if self.damage else data))
                if (wait := left - time.monotonic()) > 0.002:
                    time.sleep(wait)
        except OSError:
            self.shut(source, sink)
        flying.put((time.monotonic() + self.delay, None))
        deliverer.join()

    def deliver(self, flying, source, sink):
        try:
            while True:
                at, data = flying.get()
                while (wait := max(at, self.still_until) - time.monotonic()) > 0:
                    time.sleep(wait)
                if data is None:
                    return sink.shutdown(socket.SHUT_WR)
                sink.sendall(data)
        except OSError:
            self.shut(source, sink)

    @staticmethod
    def shut(*sockets):
        for s in sockets:
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

    def stall(self, seconds):
        self.cuts += 1
        self.still_until = time.monotonic() + seconds

    def close(self):
        self.ended = True
        self.server.close()
        self.cut()
