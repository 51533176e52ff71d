"""A tests/support/p2p_camera process: a camera without GStreamer, whose memory is its own."""
import os

from harness import BUILD
from p2p_peer import Peer

PROGRAM = os.path.join(BUILD, "tests", "support", "p2p_camera")


class Camera(Peer):
    def __init__(self, bits_per_second, program=PROGRAM, prefix=(), host="127.0.0.1", token=None):
        """Listens on another address than 127.0.0.1 for viewers that bring the token."""
        super().__init__("film", str(bits_per_second), program, prefix, [host, token] if token else [])
        self.url = "http://%s:%d/whep/cam1" % (host, int(self.wait("port")))
