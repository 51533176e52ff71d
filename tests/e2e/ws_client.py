"""A WebSocket client that sends what a test wants, right or wrong (RFC 6455), and reads what comes."""
import base64
import os
import socket
import ssl
import struct

from harness import DEADLINE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d"):
    """One frame of a client; without `mask` it is unmasked."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
    if not mask:
        return head + payload
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


class Refused(Exception):
    def __init__(self, status, head):
        super().__init__("%d\n%s" % (status, head))
        self.status = status
        self.head = head


class WsClient:
    def __init__(self, port, path="/appdata", headers=(), tls=None, receive_buffer=None, host="127.0.0.1"):
        """@param tls  file with the certificate to trust, None = plain"""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect((host, port))
        if tls:
            self.socket = ssl.create_default_context(cafile=tls).wrap_socket(self.socket, server_hostname="localhost")
        else:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET %s HTTP/1.1" % path, "Host: localhost:%d" % port, "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key, *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            got = self.socket.recv(4096)
            if not got:
                raise Refused(0, self.buffer.decode("latin-1"))
            self.buffer += got
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.head = head.decode("latin-1")
        status = int(self.head.split()[1])
        if status != 101:
            self.socket.close()
            raise Refused(status, self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, piece=0):
        """@param piece  bytes a write, 0 = all at once"""
        for at in range(0, len(data), piece or len(data)):
            self.socket.sendall(data[at:at + (piece or len(data))])

    def take(self, size):
        while len(self.buffer) < size:
            got = self.socket.recv(1 << 16)
            if not got:
                raise EOFError
            self.buffer += got
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_frame(self):
        """(opcode, payload)"""
        first, second = self.take(2)
        size = second & 0x7f
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0f, self.take(size)

    def read_message(self):
        """The next data frame; pings are answered. A close frame raises EOFError with its code."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.send(frame(PONG, payload))
            elif opcode == CLOSE:
                raise EOFError(struct.unpack(">H", payload[:2])[0] if payload else 1005)
            elif opcode != PONG:
                return opcode, payload

    def close_code(self):
        """The code of the close frame that comes, whatever comes before it; None if the connection just ends."""
        try:
            while True:
                opcode, payload = self.read_frame()
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 1005
        except (EOFError, ConnectionError):
            return None

    def alive(self, probe=b"are you there?"):
        """True if a ping is answered by its own payload."""
        self.send(frame(PING, probe))
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return False
            if opcode == PONG and payload == probe:
                return True
