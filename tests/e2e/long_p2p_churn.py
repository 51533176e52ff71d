"""500 viewers come, watch and leave: the camera's memory is what it was."""
import unittest

from p2p_camera import Camera
from p2p_memory import BOUND_KB, CHURN_BITS, WITHOUT_CACHES, growth

FIRST, VIEWERS = 100, 500


class Churn(unittest.TestCase):
    def test_500_viewers_leave_nothing_behind(self):
        with Camera(CHURN_BITS, prefix=WITHOUT_CACHES) as camera:
            pages, heap = growth(camera, FIRST, VIEWERS)
        print("\nafter %d more viewers: %+d KB of pages, %+d KB of heap" % (VIEWERS, pages, heap))
        self.assertLessEqual(pages, BOUND_KB)
        self.assertLessEqual(heap, BOUND_KB)


if __name__ == "__main__":
    unittest.main()
