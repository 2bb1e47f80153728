"""Just enough of the DICOM upper layer (PS3.8) to send images fast and to misbehave on purpose."""
import socket
import struct

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"


def _item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _element(tag, data):
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(data)) + data


def _uid(text):
    return text.encode() + (b"\0" if len(text) & 1 else b"")


class Association:
    """An association as requestor: one presentation context for each (abstract syntax, transfer syntax)."""

    def __init__(self, port, contexts, called="REKKAS", calling="STORM", timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
        body += _item(0x10, b"1.2.840.10008.3.1.1.1")
        for n, (abstract, transfer) in enumerate(contexts):
            body += _item(0x20, struct.pack(">BBBB", 2 * n + 1, 0, 0, 0) + _item(0x30, abstract.encode()) + _item(0x40, transfer.encode()))
        body += _item(0x50, _item(0x51, struct.pack(">I", 131072)) + _item(0x52, b"2.25.1") + _item(0x55, b"STORM"))
        self.socket.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        kind, answer = self.pdu()
        if kind != 2:
            raise ConnectionError(f"association refused: PDU type {kind}")
        self.accepted, self.max_pdu = set(), 16384
        at = 68
        while at + 4 <= len(answer):
            item, _, length = struct.unpack_from(">BBH", answer, at)
            if item == 0x21 and answer[at + 6] == 0:
                self.accepted.add(answer[at + 4])
            if item == 0x50:
                inner = at + 4
                while inner + 4 <= at + 4 + length:
                    k, _, n = struct.unpack_from(">BBH", answer, inner)
                    if k == 0x51:
                        self.max_pdu = struct.unpack_from(">I", answer, inner + 4)[0] or 131072
                    inner += 4 + n
            at += 4 + length
        self.message = 0

    def exactly(self, n):
        out = bytearray()
        while len(out) < n:
            piece = self.socket.recv(n - len(out))
            if not piece:
                raise ConnectionError("connection closed")
            out += piece
        return bytes(out)

    def pdu(self):
        kind, _, length = struct.unpack(">BBI", self.exactly(6))
        return kind, self.exactly(length)

    def pdata(self, context, control, data):
        self.socket.sendall(struct.pack(">BBIIBB", 4, 0, len(data) + 6, len(data) + 2, context, control) + data)

    def command(self, context, elements):
        body = b"".join(_element(t, v) for t, v in elements)
        self.pdata(context, 3, _element(0x00000000, struct.pack("<I", len(body))) + body)

    def status(self):
        """Status of the next response message."""
        data = b""
        while True:
            kind, body = self.pdu()
            if kind != 4:
                raise ConnectionError(f"PDU type {kind} instead of a response")
            at = 0
            while at < len(body):
                length, _, control = struct.unpack_from(">IBB", body, at)
                data += body[at + 6:at + 4 + length]
                at += 4 + length
            if control & 2:
                break
        at = 0
        while at + 8 <= len(data):
            group, element, length = struct.unpack_from("<HHI", data, at)
            if (group, element) == (0, 0x0900):
                return struct.unpack_from("<H", data, at + 8)[0]
            at += 8 + length
        raise ConnectionError("a response without status")

    def store_request(self, sop_class, instance, context=1):
        self.message = self.message % 65535 + 1
        self.command(context, [(0x00000002, _uid(sop_class)), (0x00000100, struct.pack("<H", 1)),
                               (0x00000110, struct.pack("<H", self.message)), (0x00000700, struct.pack("<H", 0)),
                               (0x00000800, struct.pack("<H", 1)), (0x00001000, _uid(instance))])

    def store(self, sop_class, instance, data, context=1):
        self.store_request(sop_class, instance, context)
        step = self.max_pdu - 6
        for at in range(0, len(data), step):
            self.pdata(context, 2 if at + step >= len(data) else 0, data[at:at + step])
        return self.status()

    def store_pieces(self, sop_class, instance, pieces, context=1):
        """Stores a data set that comes piece by piece, none of them empty."""
        self.store_request(sop_class, instance, context)
        step, held = self.max_pdu - 6, b""
        for piece in pieces:
            held += piece
            # The last fragment says that it is the last, so something is always held back.
            while len(held) > step:
                self.pdata(context, 0, held[:step])
                held = held[step:]
        self.pdata(context, 2, held)
        return self.status()

    def echo(self, context=1):
        self.message = self.message % 65535 + 1
        self.command(context, [(0x00000002, _uid(VERIFICATION)), (0x00000100, struct.pack("<H", 0x30)),
                               (0x00000110, struct.pack("<H", self.message)), (0x00000800, struct.pack("<H", 0x101))])
        return self.status()

    def release(self):
        self.socket.sendall(struct.pack(">BBI", 5, 0, 4) + bytes(4))
        self.pdu()
        self.socket.close()
