"""Files that devices upload in parts, and bytes that go down to them: what is lost on the way, and what must not be."""
import hashlib
import http.client
import lzma
import os
import random
import socket
import struct
import threading
import unittest

from harness import Case, DEADLINE, read_file, wait_for
from link_device import DATA, Device, IDENTIFY, WINDOW_UPDATE

SERVICE = "c/iot/sys/thing/file/upload"
PART, PACKET = 4 << 20, 10240
MIB = 1 << 20


def checksum(content):
    """CRC-64/XZ by another hand: liblzma puts it behind the one block of an .xz file."""
    packed = lzma.compress(content, lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=0)
    index = (int.from_bytes(packed[-8:-4], "little") + 1) * 4
    return str(int.from_bytes(packed[-12 - index - 8:-12 - index], "little"))


def memory(hub, name):
    """A figure of /proc/<pid>/status in bytes."""
    with open("/proc/%d/status" % hub.process.pid) as status:
        line = next(line for line in status if line.startswith(name + ":"))
    return int(line.split()[1]) * 1024


class FileDevice(Device):
    """A device of SDK 3.x: its answers are heard as far as the SDK hears them."""

    def begin(self, name, overwrite=False):
        return self.open(SERVICE, [("x-file-name", name)] + ([("x-file-overwrite", "1")] if overwrite else []))

    def resume(self, upload):
        return self.open(SERVICE, [("x-file-upload-id", upload)])

    def begin_part(self, opened, content, length):
        """The head of a part of `length` bytes, and `content` of it. @return its stream"""
        stream = self.request("POST", "/stream/send/" + SERVICE, [
            ("content-length", str(length)), ("x-data-stream-id", opened["x-data-stream-id"]),
            ("x-file-upload-id", opened["x-file-upload-id"]), *self.sdk()], False)
        for at in range(0, len(content), PACKET):
            self.frame(DATA, 0, stream, content[at:at + PACKET])
        return stream

    def part(self, opened, content):
        return dict(self.answer(self.begin_part(opened, content, len(content)))["head"])

    def parts(self, opened, content):
        """All of `content` from where the hub is. @return the last position"""
        at = int(opened["x-next-append-position"])
        while at < len(content):
            sent = self.part(opened, content[at:at + PART])
            if sent[":status"] != "200":
                raise AssertionError(sent)
            at = int(sent["x-next-append-position"])
        return at

    def end(self, opened, more=()):
        stream = self.request("POST", "/stream/close/" + SERVICE, [
            ("x-data-stream-id", opened["x-data-stream-id"]), *self.sdk(), *more], True)
        return dict(self.answer(stream)["head"])

    def cut(self):
        """The line is gone, as a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Files(Case):
    def device(self, hub):
        device = FileDevice(hub)
        self.addCleanup(device.close)
        return device

    def stored(self, hub, name):
        return os.path.join(hub.data, "files", "cam1", name)

    def test_a_file_goes_on_after_a_lost_connection_and_a_killed_hub(self):
        hub = self.hub()
        content = random.Random(7).randbytes(25 * MIB)
        device = self.device(hub)
        opened = device.begin("test2.avi")
        self.assertEqual(list(opened), [":status", "x-request-id", "x-next-append-position", "x-file-upload-id",
                                        "x-data-stream-id", "x-response-status"])
        upload = opened["x-file-upload-id"]
        self.assertEqual(device.part(opened, content[:PART])["x-next-append-position"], str(PART))
        device.begin_part(opened, content[PART:PART + MIB], PART)
        device.cut()

        device = self.device(hub)
        again = wait_for(lambda: next(iter([a for a in [device.resume(upload)] if a[":status"] == "200"]), None),
                         "the upload to be free")
        after_cut = int(again["x-next-append-position"])
        self.assertGreaterEqual(after_cut, PART)
        self.assertLessEqual(after_cut, PART + MIB)
        at = after_cut
        for _ in range(2):
            at = int(device.part(again, content[at:at + PART])["x-next-append-position"])
        device.begin_part(again, content[at:at + MIB], PART)
        part = self.stored(hub, upload + ".part")
        wait_for(lambda: os.path.getsize(part) > at, "the hub to write of a part that is not whole")
        hub.kill()
        # Of what was not acknowledged, a kill may leave anything.
        with open(part, "ab") as file:
            file.write(b"torn")
        hub.start()

        device = self.device(hub)
        third = device.resume(upload)
        self.assertEqual(third[":status"], "200")
        self.assertGreaterEqual(int(third["x-next-append-position"]), at, "what was acknowledged is there")
        quiet = memory(hub, "VmRSS")
        self.assertEqual(device.parts(third, content), len(content))
        self.assertLess(memory(hub, "VmHWM") - quiet, 12 * MIB, "a file of any size costs little")
        closed = device.end(third)
        self.assertEqual(list(closed), [":status", "x-request-id", "x-file-crc64ecma", "x-file-store-id",
                                        "x-data-stream-id", "x-response-status"])
        self.assertEqual(closed["x-file-crc64ecma"], checksum(content))
        stored = read_file(self.stored(hub, "test2.avi"))
        self.assertEqual(hashlib.sha256(stored).hexdigest(), hashlib.sha256(content).hexdigest())
        self.assertEqual(os.listdir(os.path.join(hub.data, "files", "cam1")), ["test2.avi"])

    def test_a_closed_file_is_there_after_a_kill(self):
        hub = self.hub()
        content = random.Random(8).randbytes(MIB)
        device = self.device(hub)
        opened = device.begin("a.bin")
        device.parts(opened, content)
        self.assertEqual(device.end(opened)[":status"], "200")
        hub.kill()
        hub.start()
        self.assertEqual(read_file(self.stored(hub, "a.bin")), content)
        # Its length was not said: more may come, by the same id.
        device = self.device(hub)
        again = device.resume(opened["x-file-upload-id"])
        self.assertEqual(again["x-next-append-position"], str(MIB))
        device.part(again, b"more")
        self.assertEqual(device.end(again)["x-file-crc64ecma"], checksum(content + b"more"))
        self.assertEqual(read_file(self.stored(hub, "a.bin")), content + b"more")

    def test_overwrite_checksum_and_names(self):
        hub = self.hub()
        device = self.device(hub)
        opened = device.begin("a.bin")
        device.part(opened, b"first")
        wrong = device.end(opened, [("x-file-crc64ecma", checksum(b"other"))])
        self.assertEqual((wrong[":status"], wrong["x-response-status"], wrong["camspan-problem"]),
                         ("400", "400", "wrong-checksum"))
        self.assertFalse(os.path.exists(self.stored(hub, "a.bin")))
        again = device.resume(opened["x-file-upload-id"])
        self.assertEqual(again["x-next-append-position"], "0")
        device.part(again, b"first")
        self.assertEqual(device.end(again, [("x-file-crc64ecma", checksum(b"first"))])[":status"], "200")

        self.assertEqual(device.begin("a.bin")["camspan-problem"], "file-exists")
        second = device.begin("a.bin", overwrite=True)
        device.part(second, b"second")
        self.assertEqual(read_file(self.stored(hub, "a.bin")), b"first")
        self.assertEqual(device.end(second)[":status"], "200")
        self.assertEqual(read_file(self.stored(hub, "a.bin")), b"second")

        for name in ("../a.bin", "a/b", "/etc/passwd", "..", ".", ".hidden", "", "a b", "a\\b", "x" * 101):
            with self.subTest(name=name):
                refused = device.begin(name)
                self.assertEqual((refused[":status"], refused["camspan-problem"]), ("400", "bad-request"))
        self.assertEqual(os.listdir(os.path.join(hub.data, "files", "cam1")), ["a.bin"])
        self.assertEqual(device.resume("ULDS0000000000000000000")[":status"], "404")


class Downlink(Case):
    def test_ten_megabytes_go_down_in_bounded_memory(self):
        hub = self.hub()
        content = random.Random(9).randbytes(10_000_000)
        device = Device(hub)
        self.addCleanup(device.close)
        channel = ("x-data-stream-id", device.open()["x-data-stream-id"])
        query = device.request("GET", "/stream/send/" + IDENTIFY, [channel, ("x-test-downstream", "1"), *device.sdk()], True)
        device.answer(query, lambda answer: answer["head"])
        token = hub.token("admin", "cam1")
        answers = []

        def send():
            client = http.client.HTTPConnection("127.0.0.1", hub.plain_port, timeout=DEADLINE)
            client.request("POST", "/api/devices/cam1/downlink/" + IDENTIFY, content,
                           {"authorization": "Bearer " + token})
            answers.append(client.getresponse().status)
            client.close()

        quiet = memory(hub, "VmRSS")
        sender = threading.Thread(target=send)
        sender.start()
        self.addCleanup(sender.join)
        # The device takes what its window holds, and for a while nothing more.
        answer = device.answer(query, lambda answer: len(answer["body"]) >= 65535)
        device.socket.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            device.read()
        device.socket.settimeout(DEADLINE)
        given = 0
        while len(answer["body"]) < len(content):
            more, given = len(answer["body"]) - given, len(answer["body"])
            for stream in (0, query):
                device.frame(WINDOW_UPDATE, 0, stream, more.to_bytes(4, "big"))
            while len(answer["body"]) == given:
                device.read()
        sender.join()
        self.assertEqual(answers, [202])
        self.assertEqual(hashlib.sha256(answer["body"]).digest(), hashlib.sha256(content).digest())
        self.assertLess(memory(hub, "VmHWM") - quiet, 6 * MIB)
        stream = device.request("POST", "/stream/close/" + IDENTIFY, [channel, *device.sdk()], True)
        self.assertEqual(dict(device.answer(stream)["head"])[":status"], "200")
        self.assertTrue(answer["ended"])


if __name__ == "__main__":
    unittest.main()
