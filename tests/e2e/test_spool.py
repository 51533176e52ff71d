"""Uploads that lose nothing: what h2sink was given is in the recording once, after kills of hub and camera."""
import collections
import datetime
import errno
import os
import random
import signal
import time
import unittest

import flv
from harness import BUILD, Case, DEADLINE, gst_environment, read_file, wait_for
from test_kill import frames


def moment(seconds):
    """The randomness of a test, or the length of an outage; not a synchronisation."""
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= until, "the moment", deadline=seconds + 1)


class SpoolCase(Case):
    def setUp(self):
        super().setUp()
        self.copies = []
        self.spool = os.path.join(self.folder, "spool")

    def start_camera(self, hub, *properties, mode="post", kbit=300, pattern="ball", prefix="", env=None):
        """A live camera with a spool. One thread gives each buffer to h2sink and then, unbuffered, to a copy: what is in
        the copy has been given to h2sink, also when the program is killed."""
        # No two runs send the same bytes.
        color = "foreground-color=%d" % (0xff000000 | random.getrandbits(24))
        copy = os.path.join(self.folder, "%scopy%d.flv" % (prefix, len(self.copies)))
        self.copies.append(copy)
        return self.gst_launch(
            "videotestsrc", "is-live=true", "pattern=" + pattern, color, "!", "video/x-raw,width=320,height=240,framerate=25/1", "!",
            "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=10", "bitrate=%d" % kbit, "!", "h264parse",
            "!", "queue", "!", "mux.", "audiotestsrc", "is-live=true", "wave=white-noise", "samplesperbuffer=1024", "!",
            "audio/x-raw,rate=44100,channels=1", "!", "voaacenc", "!", "aacparse", "!", "queue", "!", "mux.", "flvmux",
            "name=mux", "streamable=true", "!", "tee", "name=t", "t.", "!",
            *self.h2sink(hub, "spool-location=" + self.spool, "reconnect-delay=20", "reconnect-delay-max=200",
                         "drain-timeout=%d" % (DEADLINE * 500), *properties, mode=mode),
            "t.", "!", "filesink", "location=" + copy, "buffer-mode=unbuffered", "sync=false", "async=false",
            env=dict(gst_environment(), **(env or {})))

    def frames_of(self, copy):
        data = read_file(copy) if os.path.exists(copy) else b""
        if len(data) < 13:
            return []
        return [tag for tag in flv.media(flv.tags(data, partial=True)) if not flv.is_config(tag)]

    def spooled(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.spool) for name in names if ".flv" in name]

    def assert_all_once(self, hub, tolerated=None):
        """Payload by payload. `tolerated`: for each copy by number, how many ms before its end may be missing.
        @return how many frames are missing there"""
        recorded = frames(hub.recording())
        have = collections.Counter(tag.data for tag in recorded)
        missing, tail = [], 0
        for number, copy in enumerate(self.copies):
            sent = self.frames_of(copy)
            newest = max((tag.timestamp for tag in sent), default=0)
            for tag in sent:
                if have[tag.data]:
                    continue
                if newest - tag.timestamp <= (tolerated or {}).get(number, -1):
                    tail += 1
                else:
                    missing.append((number, tag.timestamp))
        # An encoder's first frame may be the same in each run.
        sent = collections.Counter(tag.data for copy in self.copies for tag in self.frames_of(copy))
        twice = [data[:12] for data, times in have.items() if times > max(1, sent[data])]
        self.assertEqual((missing, twice), ([], []), "of %d sent, %d recorded" % (sum(sent.values()), len(recorded)))
        return tail

    def counted(self, hub):
        """Tags that the hub says are lost."""
        _, _, body = hub.get("/metrics")
        lines = body.decode().splitlines()
        return int(next(line for line in lines if line.startswith("camspan_hub_lost_tags ")).split()[1])

    def most_lost(self, hub, copies):
        """How many tags of these killed cameras may be lost at most: all after the last frame that is recorded, metadata
        that flvmux repeats included, and one each that was with h2sink and not yet in the copy."""
        have = {tag.data for tag in frames(hub.recording())}
        most = 0
        for copy in copies:
            tags = list(flv.tags(read_file(copy), partial=True))
            most += 1 + next((i for i, tag in enumerate(reversed(tags)) if tag.data in have and not flv.is_config(tag) and
                              tag.type != 18), len(tags))
        return most

    def end(self, camera):
        camera.send_signal(2)
        out, error = camera.communicate(timeout=DEADLINE)
        self.assertEqual(camera.returncode, 0, (out + error).decode())
        return (out + error).decode()


class Outage(SpoolCase):
    """The hub is away; the camera stays."""

    def outage(self, mode, *properties, seconds=3):
        hub = self.hub('[record]\nsegment = "2s"\n')
        camera = self.start_camera(hub, *properties, mode=mode)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        moment(0.7)
        hub.kill()
        moment(seconds)
        self.assertTrue(self.spooled(), "what comes meanwhile is on disk")
        hub.start()
        wait_for(lambda: hub.device().get("live"), "the camera to be back")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty")
        text = self.end(camera)
        self.assert_all_once(hub)
        self.assertEqual(self.spooled(), [])
        self.assertEqual(text.count("WARNING"), 1, text)
        # On a channel what was spooled comes as files.
        self.assertEqual("stored spool_" in hub.log(), mode == "stream", hub.log())

    def test_nothing_is_missing_after_an_outage(self):
        self.outage("post")

    def test_nothing_is_missing_after_an_outage_on_a_channel(self):
        self.outage("stream")

    def test_nothing_is_missing_where_all_is_written_ahead(self):
        self.outage("post", "spool-mode=always")

    def test_nothing_is_missing_with_the_oldest_first(self):
        self.outage("post", "spool-order=oldest-first")


class HubDiskFull(SpoolCase):
    """The hub cannot record for a while, then it can."""

    def full_and_freed(self, *properties, seconds=4):
        small = self.small_disk(24 << 20)
        hub = self.hub('[record]\nsegment = "1s"\n', start=False)
        os.rmdir(os.path.join(hub.data, "recordings"))
        os.symlink(small, os.path.join(hub.data, "recordings"))
        hub.start()
        camera = self.start_camera(hub, *properties, kbit=1500, pattern="snow")
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        filler = os.path.join(small, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError as full:
                self.assertEqual(full.errno, errno.ENOSPC)
        wait_for(lambda: hub.get("/healthz")[0] == 503, "the hub to say that its disk is full")
        moment(seconds)
        os.remove(filler)
        wait_for(lambda: hub.get("/healthz")[0] == 200, "recording to come back")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty")
        self.end(camera)
        self.assert_all_once(hub)
        self.assertEqual(self.spooled(), [])

    def test_nothing_is_missing(self):
        # More than once the hub acknowledges nothing for so long that h2sink tries again.
        self.full_and_freed("ack-timeout=2000", seconds=8)

    def test_nothing_is_missing_where_all_is_written_ahead(self):
        self.full_and_freed("spool-mode=always")


class BootClock(SpoolCase):
    """A camera whose clock says 1970 until the network sets it."""
    PRELOAD = os.path.join(BUILD, "tests", "support", "libcamspan_fake_clock.so")

    def set_clock(self, text):
        with open(self.clock + ".new", "w") as file:
            file.write(text)
        os.rename(self.clock + ".new", self.clock)

    def test_what_came_before_the_date_was_known_has_its_right_time(self):
        self.clock = os.path.join(self.folder, "clock")
        began = time.time()
        self.set_clock("%d" % (30 - began))
        hub = self.hub('[record]\nsegment = "2s"\n')
        camera = self.start_camera(hub, env={"LD_PRELOAD": self.PRELOAD, "CAMSPAN_TEST_CLOCK": self.clock})
        wait_for(lambda: any("/boot-" in path for path in self.spooled()), "media to wait on disk")
        moment(3)
        self.assertFalse(hub.device().get("live"), "the hub's certificate is not yet valid in 1970")
        self.set_clock("0")
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty")
        text = self.end(camera)
        self.assert_all_once(hub)
        self.assertIn("this machine's clock says 1970-01-01. Set the clock.", text)
        today = {time.strftime("%Y/%m/%d", time.gmtime(at)) for at in (began, time.time())}
        folders = {os.path.relpath(folder, os.path.join(hub.data, "recordings", "cam1"))
                   for folder, _, files in os.walk(os.path.join(hub.data, "recordings")) if files}
        self.assertLessEqual(folders, today)
        first = self.recorded_from(hub)
        self.assertLess(abs(first - began), 2, "seconds between the start of the camera and that of its recording")

    def test_what_a_boot_without_a_date_left_is_recorded_when_it_comes(self):
        self.clock = os.path.join(self.folder, "clock")
        self.set_clock("%d" % (30 - time.time()))
        hub = self.hub('[record]\nsegment = "2s"\n')
        camera = self.start_camera(hub, "drain-timeout=100", env={"LD_PRELOAD": self.PRELOAD, "CAMSPAN_TEST_CLOCK": self.clock})
        wait_for(lambda: any("/boot-" in path for path in self.spooled()), "media to wait on disk")
        moment(2)
        self.end(camera)
        root = os.path.join(self.spool, "spool")
        boots = [name for name in os.listdir(root) if name.startswith("boot-")]
        self.assertEqual(len(boots), 1)
        os.rename(os.path.join(root, boots[0]), os.path.join(root, "boot-0123456789abcdef"))
        began = time.time()
        camera = self.start_camera(hub)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty")
        self.end(camera)
        self.assert_all_once(hub)
        # By when it came: nobody knows when it was captured.
        self.assertGreater(self.recorded_from(hub), began - 1)

    def recorded_from(self, hub):
        text = hub.device()["recording"]["from"]
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Kills(SpoolCase):
    """kill -9 of hub and camera, singly and together, at moments that a seed decides."""
    SEEDS = range(4)
    CHANNEL_SEEDS = range(2)

    def test_written_ahead_nothing_is_lost(self):
        for seed in self.SEEDS:
            with self.subTest(seed=seed):
                # The copy is made when h2sink's render has returned, and then the tag is in its file: none is in flight.
                _, most, counted = self.kills(seed, "always", -1)
                self.assertLessEqual(counted, most)

    def test_during_an_outage_only_what_memory_held_is_lost(self):
        for seed in self.SEEDS:
            with self.subTest(seed=seed):
                missing, most, counted = self.kills(seed, "outage", 2000)
                self.assertLessEqual(missing, counted)
                self.assertLessEqual(counted, most)

    def test_on_a_channel_nothing_is_lost(self):
        for seed in self.CHANNEL_SEEDS:
            with self.subTest(seed=seed):
                _, most, counted = self.kills(seed, "always", -1, mode="stream")
                self.assertLessEqual(counted, most)

    def kills(self, seed, spool_mode, tail_ms, mode="post"):
        """@return frames missing, tags that may be lost, tags that the hub counts as lost"""
        rng = random.Random("%s %d" % (spool_mode, seed))
        self.copies, self.spool = [], os.path.join(self.folder, "spool-%s-%s-%d" % (mode, spool_mode, seed))
        hub = self.hub('[record]\nsegment = "2s"\n')
        start = lambda: self.start_camera(hub, "spool-mode=" + spool_mode, mode=mode, prefix="%s%d-" % (spool_mode, seed))
        camera = start()
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        tolerated = {}
        for _ in range(rng.randint(2, 3)):
            moment(rng.uniform(0.3, 1.2))
            what = rng.choice(("hub", "camera", "both"))
            if what != "hub":
                camera.kill()
                camera.wait(DEADLINE)
                tolerated[len(self.copies) - 1] = tail_ms
            if what != "camera":
                hub.kill()
                moment(rng.uniform(0, 1.0))
            if what != "hub":
                camera = start()
                wait_for(lambda: self.frames_of(self.copies[-1]), "the camera to work")
            if what != "camera":
                moment(rng.uniform(0, 0.5))
                hub.start()
            wait_for(lambda: hub.device().get("live"), "the camera to be back")
        self.end(camera)
        self.assertEqual(self.spooled(), [], "all was uploaded")
        lost = self.assert_all_once(hub, tolerated)
        # A stream begun after an outage has its three head tags once more, which the copy has not.
        most = self.most_lost(hub, [self.copies[number] for number in tolerated]) + 3 * len(tolerated)
        counted = self.counted(hub)
        hub.stop()
        return lost, most, counted


class Counted(SpoolCase):
    def test_the_hub_counts_what_a_killed_camera_held_in_memory(self):
        hub = self.hub('[record]\nsegment = "2s"\n')
        camera = self.start_camera(hub)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        moment(1.5)
        # It takes nothing and is not known to be away: what comes is in memory, and then gone with the camera.
        os.kill(hub.process.pid, signal.SIGSTOP)
        moment(1)
        camera.kill()
        camera.wait(DEADLINE)
        hub.kill()
        hub.start()
        camera = self.start_camera(hub)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        moment(0.5)
        self.end(camera)
        missing = self.assert_all_once(hub, {0: 5000})
        self.assertGreater(missing, 20)
        counted = self.counted(hub)
        self.assertGreaterEqual(counted, missing)
        # But for metadata, which flvmux repeats, this is exact.
        self.assertLessEqual(counted, self.most_lost(hub, self.copies[:1]))
        gaps = hub.json("/recordings/cam1")["gaps"]
        self.assertEqual([gap["lost_tags"] for gap in gaps if gap["reason"] == "lost"], [counted])
        hub.stop()
        hub.start()
        wait_for(lambda: self.counted(hub) == counted, "the same count after a restart")


    def test_what_a_full_spool_kept_of_a_stream_is_not_counted(self):
        """Its tags have numbers after a hole: it goes under a name of its own, with camspan-rest."""
        hub = self.hub('[record]\nsegment = "2s"\n')
        camera = self.start_camera(hub, "spool-max-bytes=%d" % (1 << 20), kbit=4000, pattern="snow")
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        moment(1)
        hub.kill()
        moment(5)
        hub.start()
        wait_for(lambda: hub.device().get("live"), "the camera to be back")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty")
        self.end(camera)
        have = {tag.data for tag in frames(hub.recording())}
        tags = list(flv.tags(read_file(self.copies[0]), partial=True))
        media = [i for i, tag in enumerate(tags) if tag.type != 18 and not flv.is_config(tag)]
        gone = [i for i in media if tags[i].data not in have]
        self.assertGreater(len(gone), 20)
        first, last = gone[0], gone[-1]
        self.assertEqual(gone, [i for i in media if first <= i <= last], "one hole, of whole GOPs")
        # Metadata that flvmux repeats at the edges of the hole may be in it.
        before, after = max(i for i in media if i < first), min(i for i in media if i > last)
        self.assertIn(self.counted(hub), range(len(gone), after - before))


class Alone(SpoolCase):
    """No hub when the camera starts."""

    def test_started_without_a_hub(self):
        hub = self.hub('[record]\nsegment = "2s"\n')
        hub.kill()
        camera = self.start_camera(hub)
        moment(2)
        self.assertTrue(self.spooled())
        hub.start()
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        self.end(camera)
        self.assert_all_once(hub)
        self.assertEqual(self.spooled(), [])

    def test_another_program_uploads_what_one_left(self):
        hub = self.hub('[record]\nsegment = "2s"\n')
        hub.kill()
        first = self.start_camera(hub, "drain-timeout=100")
        moment(2)
        self.end(first)
        self.assertTrue(self.spooled())
        hub.start()
        second = self.start_camera(hub)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        self.end(second)
        self.assert_all_once(hub)
        self.assertEqual(self.spooled(), [])

    def test_a_full_spool_keeps_the_newest(self):
        hub = self.hub('[record]\nsegment = "2s"\n')
        hub.kill()
        bound = 1 << 20
        camera = self.start_camera(hub, "spool-max-bytes=%d" % bound, kbit=4000, pattern="snow")
        sizes = []
        end = time.monotonic() + 6

        def watch():
            sizes.append(sum(os.path.getsize(path) for path in self.spooled() if os.path.exists(path)))
            return time.monotonic() > end
        wait_for(watch, "a full spool")
        self.assertLessEqual(max(sizes), bound)
        self.assertGreater(max(sizes), bound // 2)
        sent = self.frames_of(self.copies[0])
        hub.start()
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        self.end(camera)
        recorded = [tag.data for tag in frames(hub.recording())]
        self.assertEqual(len(recorded), len(set(recorded)), "nothing twice")
        self.assertIn(sent[-1].data, recorded)
        self.assertNotIn(sent[0].data, recorded)
        # Whole GOPs went: from the first one kept on nothing is missing.
        wanted = [tag.data for tag in self.frames_of(self.copies[0])]
        self.assertEqual(wanted[wanted.index(recorded[0]):], recorded)


if __name__ == "__main__":
    unittest.main()
