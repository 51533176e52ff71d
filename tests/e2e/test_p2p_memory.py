"""What viewers cost a camera: nothing when they have left, and a bounded amount while their link carries next to nothing."""
import unittest

from networks import LoneHost
from p2p_camera import Camera
from p2p_memory import BACK_KB, BOUND_KB, CHURN_BITS, FILM_BITS, GOP_KB, WITHOUT_CACHES, bound_of, collapse, growth

VIEWERS = 3


class Memory(unittest.TestCase):
    def test_thirty_viewers_leave_nothing_behind(self):
        with Camera(CHURN_BITS, prefix=WITHOUT_CACHES) as camera:
            pages, heap = growth(camera, 20, 30)
        # So few do not wear pages in; long_p2p_churn.py looks at these, too.
        print("\nafter 30 more viewers: %+d KB of pages, %+d KB of heap" % (pages, heap))
        self.assertLessEqual(heap, BOUND_KB)

    def test_a_link_that_collapses_costs_no_more_than_its_bound(self):
        try:
            host = LoneHost(self, "10.77.0.1")
        except OSError as error:
            self.skipTest("no network can be made here: %s" % error)
        with Camera(FILM_BITS, prefix=host.words()) as camera:
            normal, collapsed, later = collapse(camera, host, VIEWERS, channels=2)
        print("\na viewer with 2 channels: %d KB, %d KB while its link collapses, %d KB later" % (normal, collapsed, later))
        self.assertLessEqual(collapsed, bound_of(2))
        self.assertLessEqual(later, normal + BACK_KB + GOP_KB / VIEWERS)


if __name__ == "__main__":
    unittest.main()
