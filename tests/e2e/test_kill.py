"""kill -9 of the hub while a live pipeline runs: every acknowledged tag is in the recording, once."""
import json
import random
import socket
import ssl
import threading
import time
import unittest

import flv
from harness import Case, DEADLINE, read_file, wait_for


class KilledHub(Case):
    ROUNDS = 4

    def test_every_acknowledged_tag_is_recorded_once(self):
        for seed in range(self.ROUNDS):
            with self.subTest(seed=seed):
                self.one_kill(seed)

    def one_kill(self, seed):
        rng = random.Random(seed)
        hub = self.hub('[record]\nsegment = "1s"\n')
        camera = self.camera(hub, "reconnect-delay=20", "reconnect-delay-max=100", "stats-interval=100", fps=25, key=10)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        kills = rng.randint(1, 3)
        for _ in range(kills):
            # Any moment of the storage thread's cycle: the wait is the randomness of the test, not a synchronisation.
            until = time.monotonic() + rng.uniform(0.2, 1.2)
            wait_for(lambda: time.monotonic() >= until, "the moment")
            hub.kill()
            hub.start()
            wait_for(lambda: hub.device().get("live"), "the camera to be back")
        camera.send_signal(2)
        out, error = camera.communicate(timeout=DEADLINE)
        text = (out + error).decode()
        self.assertEqual(camera.returncode, 0, text)
        tags = flv.media(flv.tags(hub.recording()))
        self.check_video(tags)
        log = b"".join(read_file("%s/hub.%d.log" % (hub.folder, n)) for n in range(hub.runs)).decode()
        self.assertNotIn("left alone", log, "no file was found broken")
        hub.stop()

    def check_video(self, tags):
        """x264enc makes a frame every 40 ms: each timestamp once, none missing."""
        stamps = [tag.timestamp for tag in tags if flv.is_picture(tag)]
        self.assertEqual(stamps, sorted(set(stamps)), "in order and none twice")
        for before, after in zip(stamps, stamps[1:]):
            self.assertLessEqual(after - before, 41, "a frame is missing between %d and %d" % (before, after))
        audio = [tag.timestamp for tag in tags if tag.type == flv.AUDIO and not flv.is_config(tag)]
        self.assertEqual(audio, sorted(set(audio)))
        for before, after in zip(audio, audio[1:]):
            self.assertLessEqual(after - before, 25, "sound is missing between %d and %d" % (before, after))


if __name__ == "__main__":
    unittest.main()
