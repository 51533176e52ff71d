"""Other WebRTC libraries as viewers of our transport: aiortc and GStreamer's webrtcbin. Each opens a channel, gets what
it asked for without a byte missing, and leaves."""
import asyncio
import unittest

import aiortc

from harness import DEADLINE
from p2p_peer import Peer
from webrtcbin_peer import WebrtcbinViewer

BYTES = 2 << 20


async def watch_with_aiortc(camera, name, label):
    """(received bytes, echo) of a viewer made with aiortc."""
    viewer = aiortc.RTCPeerConnection()
    channel = viewer.createDataChannel(label)
    received = bytearray()
    opened = asyncio.Event()
    news = asyncio.Event()

    @channel.on("open")
    def on_open():
        opened.set()

    @channel.on("message")
    def on_message(message):
        received.extend(message if isinstance(message, bytes) else message.encode())
        news.set()

    await viewer.setLocalDescription(await viewer.createOffer())
    answer = await asyncio.get_running_loop().run_in_executor(None, camera.answer, name, viewer.localDescription.sdp)
    await viewer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
    await asyncio.wait_for(opened.wait(), DEADLINE)

    async def until(size):
        while len(received) < size:
            news.clear()
            await asyncio.wait_for(news.wait(), DEADLINE)

    return viewer, channel, received, until


class Interop(unittest.TestCase):
    def setUp(self):
        # webrtcbin leaves loopback out, and its sockets reach no address of another interface.
        self.camera = Peer("camera", "all")
        self.addCleanup(self.camera.stop)

    def test_aiortc_gets_every_byte_and_its_leaving_is_heard(self):
        async def run():
            viewer, _, received, until = await watch_with_aiortc(self.camera, "a", "send=%d" % BYTES)
            await until(BYTES)
            self.assertEqual(bytes(received), b"m" * BYTES)
            await viewer.close()

        asyncio.run(run())
        self.assertIn("left", self.camera.wait("ended", "a"))

    def test_aiortc_text_and_binary_come_back(self):
        async def run():
            viewer, channel, received, until = await watch_with_aiortc(self.camera, "a", "echo=1")
            channel.send("hello")
            channel.send(b"\x00\x01")
            await until(7)
            self.assertEqual(bytes(received), b"hello\x00\x01")
            await viewer.close()

        asyncio.run(run())

    def test_webrtcbin_gets_every_byte_and_its_going_is_noticed(self):
        viewer = WebrtcbinViewer("send=%d" % BYTES)
        self.addCleanup(viewer.stop)
        viewer.take_answer(self.camera.answer("w", viewer.offer()))
        viewer.wait(lambda: viewer.received >= BYTES)
        self.assertEqual(viewer.received, BYTES)
        viewer.stop()
        # It says nothing when it goes.
        self.assertIn("no longer answers", self.camera.wait("ended", "w"))

    def test_both_at_once_beside_our_own(self):
        async def run(ours):
            viewer, _, received, until = await watch_with_aiortc(self.camera, "a", "send=%d" % BYTES)
            ours.watch(self.camera, "o", "send=%d&expect=%d" % (BYTES, BYTES))
            webrtcbin.take_answer(self.camera.answer("w", webrtcbin.offer()))
            await until(BYTES)
            self.assertEqual(len(received), BYTES)
            await viewer.close()

        webrtcbin = WebrtcbinViewer("send=%d" % BYTES)
        self.addCleanup(webrtcbin.stop)
        with Peer("viewer") as ours:
            asyncio.run(run(ours))
            self.assertTrue(ours.wait("done", "o").startswith("%d " % BYTES))
        webrtcbin.wait(lambda: webrtcbin.received >= BYTES)


if __name__ == "__main__":
    unittest.main()
