"""A viewer of a camera: aiortc behind WHEP, as any program would do it. Nothing of ours is in it."""
import asyncio
import struct
import sys
import threading
import urllib.error
import urllib.request

import aiortc

from harness import DEADLINE


class Refused(Exception):
    """The answer of the WHEP server, when it is no 201."""

    def __init__(self, status, body):
        super().__init__("%d %s" % (status, body))
        self.status = status
        self.body = body


def request(method, url, token=None, body=None, content_type=None):
    """(headers, text) of the answer."""
    asked = urllib.request.Request(url, data=body, method=method)
    if content_type:
        asked.add_header("content-type", content_type)
    if token:
        asked.add_header("authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(asked, timeout=DEADLINE) as answer:
            return answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read().decode()) from None


class P2pViewer:
    """Joins at `url` (.../whep/<id>) and opens one channel for each of `labels`. Lives on a thread of its own."""

    def __init__(self, url, token=None, labels=("action=live&channel=0",), protocol="camspan-flv"):
        self.url, self.token, self.labels, self.protocol = url, token, labels, protocol
        self.received = {label: [] for label in labels}
        self.closed = set()
        self.notes = []
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.location = None
        try:
            self._run(self._join())
        except Exception:
            self.leave()
            raise

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE)

    async def _join(self):
        self.peer = aiortc.RTCPeerConnection()
        # Refusals come by this one, so it comes first.
        command = self.peer.createDataChannel("command", protocol="camspan-command")
        command.on("message", self._on_note)
        self.channels = {}
        for label in self.labels:
            self._open(label)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        headers, answer = await self.loop.run_in_executor(
            None, request, "POST", self.url, self.token, self.peer.localDescription.sdp.encode(), "application/sdp")
        self.location = headers["location"]
        await self.peer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))

    def _open(self, label):
        channel = self.peer.createDataChannel(label, protocol=self.protocol)
        self.channels[label] = channel

        @channel.on("message")
        def on_message(message):
            with self.changed:
                self.received[label].append(message)
                self.changed.notify_all()

        @channel.on("close")
        def on_close():
            with self.changed:
                self.closed.add(label)
                self.changed.notify_all()

    def _on_note(self, message):
        kind, number = struct.unpack(">BI", message[:5])
        with self.changed:
            self.notes.append((kind, number, message[5:]))
            self.changed.notify_all()

    def wait(self, condition, what, deadline=DEADLINE):
        with self.changed:
            if not self.changed.wait_for(condition, deadline):
                raise AssertionError("waited %d s for %s" % (deadline, what))

    def bytes_of(self, label=None):
        with self.changed:
            return b"".join(self.received[label or self.labels[0]])

    def wait_for_bytes(self, size, label=None):
        self.wait(lambda: sum(map(len, self.received[label or self.labels[0]])) >= size, "%d bytes of the stream" % size)

    def leave(self):
        try:
            self._run(self.peer.close())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(DEADLINE)
            self.loop.close()


def main():
    """p2p_viewer.py URL LABEL...: watches until its standard input ends; says `watching` when all of it comes."""
    viewer = P2pViewer(sys.argv[1], labels=tuple(sys.argv[2:]))
    for label in viewer.labels:
        viewer.wait_for_bytes(1000, label)
    print("watching", flush=True)
    sys.stdin.read()
    viewer.leave()


if __name__ == "__main__":
    main()
