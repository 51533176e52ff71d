"""A tests/support/p2p_camera process: a camera without GStreamer, whose memory is its own."""
import os

from harness import BUILD
from p2p_peer import Peer

PROGRAM = os.path.join(BUILD, "tests", "support", "p2p_camera")


class Camera(Peer):
    def __init__(self, bits_per_second, program=PROGRAM, prefix=()):
        super().__init__("film", str(bits_per_second), program, prefix)
        self.url = "http://127.0.0.1:%d/whep/cam1" % int(self.wait("port"))
