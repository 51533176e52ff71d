"""What gst-inspect-1.0 says of an element is read by people and scripts: a change of it is a change of the interface.
CAMSPAN_UPDATE=1 writes the new text."""
import os
import re
import subprocess
import unittest

from harness import DEADLINE, ROOT, gst_environment


class Inspect(unittest.TestCase):
    def test_h2sink(self):
        self.compare("h2sink")

    def test_wsstreamsink(self):
        self.compare("wsstreamsink")

    def test_p2psink(self):
        self.compare("p2psink")

    def compare(self, element):
        done = subprocess.run(["gst-inspect-1.0", "--no-colors", element], capture_output=True, text=True, timeout=DEADLINE,
                              env=gst_environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        # Where it was built, and which version, says nothing about the interface.
        text = re.sub(r"(?m)^ *(Filename|Version|Source release date) .*\n", "", done.stdout)
        snapshot = os.path.join(ROOT, "tests", "element", element + ".inspect")
        if os.environ.get("CAMSPAN_UPDATE"):
            with open(snapshot, "w") as file:
                file.write(text)
        with open(snapshot) as file:
            self.maxDiff = None
            self.assertEqual(file.read(), text)


if __name__ == "__main__":
    unittest.main()
