"""A hundred seeded kills of the hub and a hundred of the camera, an outage of five minutes, a hub whose disk is full.
Goes on where it was interrupted: seeds that passed are in build/long_spool.done (CAMSPAN_LONG_SPOOL names another file)."""
import os
import unittest

import test_spool
from harness import ROOT, wait_for

DONE = os.environ.get("CAMSPAN_LONG_SPOOL", os.path.join(ROOT, "build", "long_spool.done"))


def done_before():
    if not os.path.exists(DONE):
        return set()
    with open(DONE) as file:
        return set(file.read().split())


class HundredKills(test_spool.Kills):
    # 2.5 kills a seed and mode, two of three of each kind.
    SEEDS = range(100, 140)
    CHANNEL_SEEDS = range(100, 110)

    def kills(self, seed, spool_mode, tail_ms, mode="post"):
        name = "%s-%s-%d" % (mode, spool_mode, seed)
        if name in done_before():
            return 0, 0, 0
        result = super().kills(seed, spool_mode, tail_ms, mode)
        with open(DONE, "a") as file:
            file.write(name + "\n")
        return result


class LongOutage(test_spool.SpoolCase):
    def test_five_minutes(self):
        hub = self.hub()
        camera = self.start_camera(hub)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        hub.kill()
        status = "/proc/%d/status" % camera.pid

        def memory():
            with open(status) as file:
                return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) << 10
        test_spool.moment(10)
        before = memory()
        test_spool.moment(290)
        self.assertLess(memory() - before, 6 << 20)
        hub.start()
        wait_for(lambda: hub.device().get("live"), "the camera to be back")
        wait_for(lambda: not [p for p in self.spooled() if not p.endswith(".part")], "the spool to be empty", deadline=300)
        self.end(camera)
        self.assert_all_once(hub)


del test_spool.Kills, test_spool.Outage, test_spool.HubDiskFull, test_spool.BootClock,\
    test_spool.Alone, test_spool.Counted

if __name__ == "__main__":
    unittest.main()
