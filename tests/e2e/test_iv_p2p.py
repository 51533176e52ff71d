"""examples/iv-p2p-camera through the hub: two viewers made with aiortc get FLV from the key frame on, ask and talk."""
import asyncio
import json
import os
import signal
import socket
import struct
import unittest
import urllib.request

import aiortc

from harness import BUILD, DEADLINE, Case, read_file, wait_for
from p2p_watcher import Watcher
from test_p2p_loopback_only import PAGE
from test_page_p2p import Driver
from test_view import has_element

CAMERA = os.path.join(BUILD, "examples", "iv-p2p-camera")


def film(seconds=20, fps=25):
    """An FLV with a configuration and a key frame each second; the payload of a frame is its number, many times."""
    def tag(kind, milliseconds, data):
        head = struct.pack(">BBHHBBBBB", kind, len(data) >> 16, len(data) & 0xffff, milliseconds >> 8 & 0xffff,
                           milliseconds & 0xff, milliseconds >> 24, 0, 0, 0)
        return head + data + struct.pack(">I", len(head) + len(data))

    out = b"FLV\x01\x01\0\0\0\x09\0\0\0\0" + tag(9, 0, b"\x17\0\0\0\0config")
    for frame in range(seconds * fps):
        key = frame % fps == 0
        out += tag(9, frame * 1000 // fps, (b"\x17" if key else b"\x27") + b"\x01\0\0\0" + struct.pack(">I", frame) * 500)
    return out


def tags_of(stream):
    """(kind, milliseconds, data) of every whole tag."""
    tags, at = [], 13
    while at + 11 <= len(stream):
        size = int.from_bytes(stream[at + 1:at + 4], "big")
        if at + 15 + size > len(stream):
            break
        milliseconds = int.from_bytes(stream[at + 4:at + 7], "big") | stream[at + 7] << 24
        tags.append((stream[at], milliseconds, bytes(stream[at + 11:at + 11 + size])))
        at += 15 + size
    return tags


class Viewer:
    def __init__(self):
        self.peer = aiortc.RTCPeerConnection()
        self.stream = bytearray()
        self.replies = []
        self.news = asyncio.Event()

    async def watch(self, hub, token):
        live = self.peer.createDataChannel("action=live&channel=0", protocol="camspan-flv")
        self.commands = self.peer.createDataChannel("command", protocol="camspan-command")
        opened = asyncio.Event()
        self.commands.on("open", opened.set)

        def keep(message):
            self.stream.extend(message)
            self.news.set()

        def answered(message):
            self.replies.append(message)
            self.news.set()

        live.on("message", keep)
        self.commands.on("message", answered)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        request = urllib.request.Request("http://127.0.0.1:%d/whep/cam1?action=live" % hub.plain_port,
                                         self.peer.localDescription.sdp.encode(),
                                         {"content-type": "application/sdp", "authorization": "Bearer " + token})

        def post():
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.read().decode()

        answer = await asyncio.get_running_loop().run_in_executor(None, post)
        await self.peer.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(opened.wait(), DEADLINE)
        return self

    async def until(self, condition):
        async def wait():
            while not condition():
                self.news.clear()
                await self.news.wait()
        await asyncio.wait_for(wait(), DEADLINE)


class IvP2pCamera(Case):
    def start_camera(self, hub, path):
        """A camera that the hub knows. @return its process, and the file of its log"""
        log = open(os.path.join(self.folder, "camera.log"), "w")
        self.addCleanup(log.close)
        camera = self.start(CAMERA, path, stdout=log, stderr=log,
                            env={**os.environ, "CAMSPAN_HUB": "http://127.0.0.1:%d" % hub.plain_port,
                                 "CAMSPAN_DEVICE_FILE": hub.secret_file})
        wait_for(lambda: b"ready:" in read_file(log.name), "the camera is ready")
        return camera, log

    def test_two_viewers_watch_and_ask(self):
        hub = self.hub()
        token = hub.token("live,command")
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(film())
        camera, log = self.start_camera(hub, path)

        async def run():
            viewers = [await Viewer().watch(hub, token), await Viewer().watch(hub, token)]
            for viewer in viewers:
                await viewer.until(lambda: len(tags_of(viewer.stream)) >= 40)
                tags = tags_of(viewer.stream)
                self.assertEqual(viewer.stream[:3], b"FLV")
                self.assertEqual(tags[0][2], b"\x17\0\0\0\0config")
                self.assertEqual(tags[1][2][0], 0x17, "the first picture is a key frame")
                frames = [struct.unpack(">I", tag[2][5:9])[0] for tag in tags[1:]]
                self.assertEqual(frames, list(range(frames[0], frames[0] + len(frames))), "in order, none missing")
                self.assertEqual(tags[1][1], 0, "times begin at 0")
                viewer.commands.send(b"\x01\0\0\0\x07action=inner_define&channel=0&cmd=get_device_st&type=live")
                await viewer.until(lambda: viewer.replies)
                self.assertEqual(viewer.replies[0], b'\x02\0\0\0\x07[{"status":"0","appConnectNum":"2"}]')
            await viewers[0].peer.close()
            before = len(viewers[1].stream)
            await viewers[1].until(lambda: len(viewers[1].stream) > before + 100_000)
            camera.send_signal(signal.SIGTERM)
            await asyncio.get_running_loop().run_in_executor(None, camera.wait, DEADLINE)
            await viewers[1].peer.close()

        asyncio.run(run())
        self.assertEqual(camera.returncode, 0)
        text = read_file(log.name).decode()
        self.assertEqual(text.count("asks for action=live&channel=0"), 2, text)
        self.assertEqual(text.count("a viewer left"), 2, text)

    @unittest.skipUnless(PAGE and has_element(), "needs chromium, playwright-core and the elements that make a film")
    def test_chromium_and_camspan_view_at_once(self):
        hub = self.hub()
        path = os.path.join(self.folder, "film.flv")
        made = self.gst_launch("videotestsrc", "num-buffers=250", "pattern=ball", "!", "video/x-raw,width=320,height=240,framerate=25/1",
                               "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "bitrate=300", "!",
                               "h264parse", "!", "video/x-h264,stream-format=avc,alignment=au", "!", "flvmux", "!", "filesink",
                               "location=" + path)
        self.assertEqual(made.wait(DEADLINE), 0)
        camera, log = self.start_camera(hub, path)
        token = hub.token("live,playback,command", "cam1")
        page = Driver(self, hub.url("/?token=%s#/cam1" % token, plain=True))
        page.live("direct")
        watcher = Watcher(hub.url("/whep/cam1", plain=True), "--token", token)
        self.addCleanup(watcher.stop)
        watcher.wait_for_pictures(25)
        page.shows_a_moving_picture("viewer-iv.png")
        watcher.wait_for_pictures(25)
        self.assertEqual(page.look()["problems"], [])
        self.assertTrue(watcher.pictures[0][2], "it begins with a key frame")
        self.assertEqual(set(watcher.steps()), {40})
        camera.send_signal(signal.SIGTERM)
        self.assertEqual(camera.wait(DEADLINE), 0)
        self.assertEqual(read_file(log.name).count(b"asks for action=live&channel=0"), 2, read_file(log.name))


class LocalNetwork(Case):
    """No hub: viewers ask by a datagram who is there, and come to the camera itself."""

    def ask(self, port, question):
        text = json.dumps(question).encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(DEADLINE)
            asker.sendto(struct.pack("<BBH", 1, 0x11, len(text)) + text, ("127.0.0.1", port))
            answer = asker.recv(2000)
        kind, version, length = struct.unpack("<BBH", answer[:4])
        self.assertEqual((kind, version, length), (2, 0x11, len(answer) - 4))
        return json.loads(answer[4:])

    def test_a_viewer_finds_the_camera_and_watches_it(self):
        hub = self.hub(start=False)
        probe, data = hub.reserve_port(), hub.reserve_port()
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(film())
        log = open(os.path.join(self.folder, "camera.log"), "w")
        self.addCleanup(log.close)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CAMSPAN_")}
        camera = self.start(CAMERA, "--lan", "%d:%d:127.0.0.1" % (probe, data), path, stdout=log, stderr=log,
                            env={**environment, "CAMSPAN_DEVICE_FILE": hub.secret_file})
        wait_for(lambda: b"ready on the local network" in read_file(log.name), "the camera to serve")
        found = self.ask(probe, {"method": "probe", "clientToken": "t", "timestamp": 1, "timeoutMs": 1000,
                                 "params": {"productId": "camspan", "deviceName": "other,cam1"}})
        self.assertEqual((found["method"], found["clientToken"], found["code"]), ("probeMatch", "t", 0))
        self.assertEqual(found["params"], {"deviceName": "cam1", "address": "127.0.0.1", "port": data})
        watcher = Watcher("http://127.0.0.1:%d/whep/%s" % (data, found["params"]["deviceName"]))
        self.addCleanup(watcher.stop)
        watcher.wait_for_pictures(20)
        self.assertEqual(set(watcher.steps()), {40})
        camera.send_signal(signal.SIGTERM)
        self.assertEqual(camera.wait(DEADLINE), 0, read_file(log.name))
