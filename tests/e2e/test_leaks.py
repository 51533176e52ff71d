"""GStreamer's leak tracer finds nothing that our elements kept."""
import os
import subprocess
import unittest

import flv
from harness import Case, DEADLINE, gst_environment


class Leaks(Case):
    def test_nothing_is_kept_with_a_hub_and_without(self):
        hub = self.hub()
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(flv.generate(4))
        environment = dict(gst_environment(), GST_TRACERS="leaks", GST_DEBUG="GST_TRACER:7", GST_DEBUG_NO_COLOR="1")
        for properties in (self.h2sink(hub), ["h2sink", "location=http://127.0.0.1:1/x", "drain-timeout=100"]):
            with self.subTest(properties[1]):
                done = self.gst_launch("filesrc", "location=" + path, "!", "video/x-flv", "!", *properties, env=environment)
                out, error = done.communicate(timeout=DEADLINE)
                text = (out + error).decode()
                # "%s" is the tracer telling the format of its lines.
                self.assertNotRegex(text, r"object-alive, type-name=\(string\)[^%]")
                self.assertNotIn("CRITICAL", text)
                self.assertIn("GST_TRACER", text, "the tracer spoke")

    def test_nothing_is_kept_by_wsstreamsink(self):
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(flv.generate(4))
        environment = dict(gst_environment(), GST_TRACERS="leaks", GST_DEBUG="GST_TRACER:7", GST_DEBUG_NO_COLOR="1")
        done = self.gst_launch("filesrc", "location=" + path, "!", "video/x-flv", "!", "wsstreamsink", "port=0", "encoding=raw",
                               env=environment)
        out, error = done.communicate(timeout=DEADLINE)
        text = (out + error).decode()
        self.assertNotRegex(text, r"object-alive, type-name=\(string\)[^%]")
        self.assertNotIn("CRITICAL", text)
        self.assertIn("GST_TRACER", text, "the tracer spoke")


if __name__ == "__main__":
    unittest.main()
