"""kill -9 of the hub while a live pipeline runs: every acknowledged tag is in the recording, once."""
import os
import random
import time
import unittest

import flv
from harness import Case, DEADLINE, read_file, wait_for
from test_round_trip import assert_same_media


class KilledHub(Case):
    ROUNDS = 4

    def test_every_acknowledged_tag_is_recorded_once(self):
        for seed in range(self.ROUNDS):
            mode = ("post", "stream")[seed % 2]
            with self.subTest(seed=seed, mode=mode):
                self.one_kill(seed, mode)

    def one_kill(self, seed, mode):
        rng = random.Random(seed)
        hub = self.hub('[record]\nsegment = "1s"\n')
        copy = os.path.join(hub.folder, "copy.flv")
        camera = self.camera(hub, "reconnect-delay=20", "reconnect-delay-max=100", "stats-interval=100", fps=25, key=10,
                             copy=copy, mode=mode)
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
        # The outages are short, so that memory holds what was not acknowledged: everything is there, once.
        assert_same_media(self, frames(read_file(copy)), frames(hub.recording()))
        log = b"".join(read_file("%s/hub.%d.log" % (hub.folder, n)) for n in range(hub.runs)).decode()
        self.assertNotIn("left alone", log, "no file was found broken")
        hub.stop()


def frames(data):
    """Pictures and sounds, without the configuration that a body repeats."""
    return [tag for tag in flv.media(flv.tags(data)) if not flv.is_config(tag)]


if __name__ == "__main__":
    unittest.main()
