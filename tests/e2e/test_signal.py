"""Signalling through the hub: a device by python3-websockets, viewers by curl and by aiortc's offers."""
import asyncio
import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
import unittest

from harness import Case, DEADLINE, wait_for

try:
    import websockets
    import websockets.exceptions
except ImportError:
    websockets = None

FINGERPRINT = ":".join("%02X" % n for n in range(32))
OFFER = ("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
         "c=IN IP4 0.0.0.0\r\na=ice-ufrag:Kjrt\r\na=ice-pwd:Vpr+IN2zN2g+ZodVPAybDzt5\r\na=fingerprint:sha-256 %s\r\n"
         "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n" % FINGERPRINT)
ANSWER = OFFER.replace("actpass", "active")
CANDIDATE = "candidate:1 1 UDP 2130706431 127.0.0.1 50000 typ host"


def triple(hub):
    with open(hub.secret_file) as file:
        return dict(re.findall(r'^(\w+) = "(.*)"$', file.read(), re.M))


def credentials(names):
    client = "%s.%s" % (names["product_key"], names["device_name"])
    signed = "clientId%sdeviceName%sproductKey%s" % (client, names["device_name"], names["product_key"])
    sign = hmac.new(names["secret"].encode(), signed.encode(), hashlib.sha256).hexdigest()
    return {"x-auth-name": "devicename", "x-auth-param-client-id": client, "x-auth-param-signmethod": "hmacsha256",
            "x-auth-param-product-key": names["product_key"], "x-auth-param-device-name": names["device_name"],
            "x-auth-param-sign": sign}


@unittest.skipUnless(websockets, "python3-websockets is not there")
class SignalCase(Case):
    """A device in an event loop of its own test: each test is one coroutine."""

    def run_test(self, coroutine):
        asyncio.run(asyncio.wait_for(coroutine, 2 * DEADLINE))

    def device(self, hub, **names):
        return websockets.connect("ws://127.0.0.1:%d/signal" % hub.plain_port,
                                  extra_headers=credentials({**triple(hub), **names}), ping_interval=None)

    async def greet(self, socket, **more):
        await socket.send(json.dumps({"type": "hello", "device": "cam1", "agent": "test", "channels": [], **more}))
        return await self.hear(socket, "ready")

    async def hear(self, socket, kind):
        message = json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))
        self.assertEqual(message["type"], kind)
        return message

    async def curl(self, hub, path, *words, body=None, token=None):
        """(status, headers in lower case, body)"""
        command = ["curl", "-sS", "-i", "--http1.1", "--max-time", str(DEADLINE), *words]
        if token:
            command += ["-H", "authorization: Bearer " + token]
        if body is not None:
            command += ["--data-binary", "@-"]
        process = await asyncio.create_subprocess_exec(
            *command, "http://127.0.0.1:%d%s" % (hub.plain_port, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output, _ = await process.communicate((body or "").encode())
        head, _, text = output.decode().partition("\r\n\r\n")
        if " 100 " in head.split("\r\n")[0]:
            head, _, text = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            fields.setdefault(name.lower(), []).append(value)
        return int(lines[0].split()[1]), fields, text

    def post(self, hub, query="?_trickle=1", body=OFFER, token=None, words=()):
        return asyncio.create_task(self.curl(hub, "/whep/cam1" + query, "-X", "POST", "-H", "content-type: application/sdp",
                                             *words, body=body, token=token or hub.view_token))


class Signal(SignalCase):
    def test_a_viewer_joins_trickles_and_leaves(self):
        async def run():
            hub = self.hub()
            async with self.device(hub) as socket:
                await self.greet(socket)
                self.assertTrue(hub.device()["online"])
                viewer = self.post(hub, "?action=live&channel=0&_trickle=1")
                offer = await self.hear(socket, "offer")
                self.assertEqual(offer["sdp"], OFFER)
                self.assertEqual(offer["params"], "action=live&channel=0")
                self.assertEqual(offer["allow"], ["live", "playback"])
                session = offer["session"]
                await socket.send(json.dumps({"type": "answer", "session": session, "sdp": ANSWER}))
                await socket.send(json.dumps({"type": "candidate", "session": session, "candidate": CANDIDATE, "mid": "0"}))
                await socket.send(json.dumps({"type": "candidate", "session": session, "candidate": "", "mid": "0"}))
                status, fields, text = await viewer
                self.assertEqual((status, text), (201, ANSWER))
                place = fields["location"][0]
                events = asyncio.create_task(self.curl(hub, place, "-N"))
                status, _, _ = await self.curl(
                    hub, place, "-X", "PATCH", "-H", "content-type: application/trickle-ice-sdpfrag", "-H",
                    "if-match: " + fields["etag"][0], body="a=ice-ufrag:Kjrt\r\na=mid:0\r\na=%s\r\n" % CANDIDATE)
                self.assertEqual(status, 204)
                self.assertEqual((await self.hear(socket, "candidate"))["candidate"], CANDIDATE)
                status, _, _ = await self.curl(hub, place, "-X", "DELETE")
                self.assertEqual(status, 200)
                self.assertEqual((await self.hear(socket, "bye"))["session"], session)
                _, _, told = await events
                self.assertIn("event: candidate\ndata: a=%s\n\n" % CANDIDATE, told)
                self.assertIn("event: candidate\ndata: a=end-of-candidates\n\n", told)
                self.assertIn("event: bye\n", told)
        self.run_test(run())

    def test_a_player_without_trickle_gets_all_candidates_in_the_answer(self):
        async def run():
            hub = self.hub()
            async with self.device(hub) as socket:
                await self.greet(socket)
                viewer = self.post(hub, "")
                session = (await self.hear(socket, "offer"))["session"]
                await socket.send(json.dumps({"type": "answer", "session": session, "sdp": ANSWER}))
                await socket.send(json.dumps({"type": "candidate", "session": session, "candidate": CANDIDATE}))
                await socket.send(json.dumps({"type": "candidate", "session": session, "candidate": ""}))
                _, _, text = await viewer
                self.assertEqual(text, ANSWER + "a=%s\r\na=end-of-candidates\r\n" % CANDIDATE)
        self.run_test(run())

    def test_refusals_name_their_cause(self):
        async def run():
            hub = self.hub()
            self.assertEqual(await self.problem(self.post(hub)), (503, "offline"))
            async with self.device(hub) as socket:
                await self.greet(socket)
                no_fingerprint = re.sub("a=fingerprint.*\r\n", "", OFFER)
                many = OFFER + ("a=%s\r\n" % CANDIDATE) * 800
                for body, expected in (("hello", (400, "bad-sdp")), (no_fingerprint, (406, "not-acceptable")),
                                       (OFFER + "a=x:" + "x" * 65536, (413, "too-large")),
                                       (many, (413, "too-many-candidates"))):
                    self.assertEqual(await self.problem(self.post(hub, body=body)), expected)
                self.assertEqual(await self.problem(self.post(hub, token="x")), (401, "bad-token"))
                self.assertEqual(await self.problem(self.post(hub, token=hub.upload_token)), (403, "not-allowed"))
                viewer = self.post(hub)
                session = (await self.hear(socket, "offer"))["session"]
                await socket.send(json.dumps({"type": "reject", "session": session, "status": 503, "reason": "max-viewers"}))
                self.assertEqual(await self.problem(viewer), (503, "max-viewers"))
        self.run_test(run())

    async def problem(self, request):
        status, fields, body = await request
        problem = json.loads(body)
        self.assertEqual(problem["status"], status)
        self.assertEqual(fields["content-type"], ["application/problem+json"])
        if status == 503:
            self.assertIn("retry-after", fields)
        return status, problem["type"].removeprefix("/problems/")

    def test_a_device_that_is_none_is_not_let_in(self):
        async def run():
            hub = self.hub()
            with self.assertRaises(websockets.exceptions.InvalidStatusCode) as refused:
                async with self.device(hub, secret="wrong"):
                    pass
            self.assertEqual(refused.exception.status_code, 401)
        self.run_test(run())

    def test_hostile_messages_end_that_device_alone(self):
        async def run():
            hub = self.hub()
            for text in ("", "nonsense", "{}", "[" * 100000, json.dumps({"type": "hello", "device": "other"}),
                         json.dumps({"type": "hello", "device": "cam1", "channels": "x"}), b"\0\1\2", "x" * (128 * 1024 + 1)):
                async with self.device(hub) as socket:
                    with self.assertRaises(websockets.exceptions.ConnectionClosed):
                        await socket.send(text)
                        await asyncio.wait_for(socket.recv(), DEADLINE)
            async with self.device(hub) as socket:
                await self.greet(socket)
        self.run_test(run())

    def test_a_new_socket_replaces_the_old_and_presence_follows(self):
        async def run():
            hub = self.hub()
            async with self.device(hub) as old:
                await self.greet(old, name="Door", talk=True, max_viewers=3)
                async with self.device(hub) as young:
                    await self.greet(young, name="Door", talk=True, max_viewers=3)
                    with self.assertRaises(websockets.exceptions.ConnectionClosed) as closed:
                        await asyncio.wait_for(old.recv(), DEADLINE)
                    self.assertEqual(closed.exception.rcvd.code, 1000)
                    await young.send(json.dumps({"type": "state", "viewers": 2, "bitrate": 1000}))
                    await asyncio.to_thread(wait_for, lambda: hub.device()["live"], "live")
                    device = hub.device()
                    self.assertEqual((device["online"], device["name"], device["talk"], device["max_viewers"], device["viewers"]),
                                     (True, "Door", True, 3, 2))
            await asyncio.to_thread(wait_for, lambda: not hub.device()["online"], "the device to be offline")
        self.run_test(run())

    def test_turn_credentials_are_those_of_coturn(self):
        async def run():
            secret_file = self.token_file("north")
            hub = self.hub('[ice]\nstun = ["stun:127.0.0.1:3478"]\nturn = [ { url = "turn:127.0.0.1:3478", secret_file = "%s" } ]\n'
                           'ttl = "10m"\n' % secret_file)
            async with self.device(hub) as socket:
                servers = (await self.greet(socket))["ice_servers"]
                self.assertEqual(servers[0], {"urls": "stun:127.0.0.1:3478"})
                username = servers[1]["username"]
                password = base64.b64encode(hmac.new(b"north", username.encode(), hashlib.sha1).digest()).decode()
                self.assertEqual(servers[1]["credential"], password)
                self.assertAlmostEqual(int(username.split(":")[0]), time.time() + 600, delta=60)
                viewer = self.post(hub)
                session = (await self.hear(socket, "offer"))["session"]
                await socket.send(json.dumps({"type": "answer", "session": session, "sdp": ANSWER}))
                _, fields, _ = await viewer
                self.assertEqual(fields["link"][0], '<stun:127.0.0.1:3478>; rel="ice-server"')
                self.assertRegex(fields["link"][1], r'^<turn:127.0.0.1:3478>; rel="ice-server"; username="\d+:\w+"; credential="[^"]+"')
        self.run_test(run())

    def test_a_killed_hub_comes_back_and_is_joined_again(self):
        async def run():
            hub = self.hub()
            async with self.device(hub) as socket:
                await self.greet(socket)
                hub.kill()
                with self.assertRaises(websockets.exceptions.ConnectionClosed):
                    await asyncio.wait_for(socket.recv(), DEADLINE)
            hub.start()
            async with self.device(hub) as socket:
                await self.greet(socket, sessions=["from-before"])
                viewer = self.post(hub)
                session = (await self.hear(socket, "offer"))["session"]
                await socket.send(json.dumps({"type": "answer", "session": session, "sdp": ANSWER}))
                self.assertEqual((await viewer)[0], 201)
        self.run_test(run())


if __name__ == "__main__":
    unittest.main()
