"""What goes in comes out: every tag once, in order, with the same payload and the same timestamp differences."""
import os
import subprocess
import unittest

import flv
from harness import Case, DEADLINE, gst_environment, media_file, read_file, wait_for


def assert_same_media(case, before, after):
    case.assertEqual(len(before), len(after))
    base_before, base_after = before[0].timestamp, after[0].timestamp
    for number, (old, new) in enumerate(zip(before, after)):
        case.assertEqual(old.type, new.type, "tag %d" % number)
        case.assertEqual(old.data, new.data, "payload of tag %d" % number)
        case.assertEqual(old.timestamp - base_before, new.timestamp - base_after, "timestamp of tag %d" % number)


def packets(path):
    """pts, dts, size and flags of every packet, by ffprobe."""
    done = subprocess.run(["ffprobe", "-v", "error", "-show_packets", "-show_entries",
                           "packet=codec_type,pts,dts,size,flags", "-of", "csv=p=0", path],
                          capture_output=True, text=True, timeout=DEADLINE)
    return done.stdout.split(), done.stderr


class RoundTrip(Case):
    def check(self, hub, source):
        before = flv.media(flv.tags(source))
        recorded = hub.recording()
        assert_same_media(self, before, flv.media(flv.tags(recorded)))
        return recorded

    def upload_by_h2sink(self, hub, path, *properties, mode="post"):
        done = self.gst_launch("filesrc", "location=" + path, "!", *self.h2sink(hub, *properties, mode=mode))
        out, error = done.communicate(timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, (out + error).decode())
        return (out + error).decode()

    def upload_on_a_channel(self, hub, path):
        return self.upload_by_h2sink(hub, path, mode="stream")

    def upload_by_curl(self, hub, path):
        done = subprocess.run(["curl", "--http2", "-sS", "--fail-with-body", "--cacert", hub.ca, "-T", path,
                               "-H", "Content-Type: video/x-flv", "-H", "Authorization: Bearer " + hub.upload_token,
                               hub.url("/ingest/cam1")], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def generated(self):
        path = os.path.join(self.folder, "generated.flv")
        with open(path, "wb") as file:
            file.write(flv.generate(20))
        return path

    def test_generated_file_by_h2sink(self):
        hub = self.hub()
        path = self.generated()
        output = self.upload_by_h2sink(hub, path)
        self.assertNotIn("CRITICAL", output)
        self.check(hub, read_file(path))

    def test_generated_file_on_a_channel(self):
        hub = self.hub('log_level = "debug"\n')
        path = self.generated()
        output = self.upload_on_a_channel(hub, path)
        self.assertNotIn("CRITICAL", output)
        self.check(hub, read_file(path))
        asked = [line.split()[line.split().index("POST") + 1] for line in hub.log().splitlines() if " POST /" in line]
        self.assertEqual([path.split("/")[2] for path in asked], ["open", "send", "close"])

    def test_generated_file_by_curl(self):
        hub = self.hub()
        path = self.generated()
        answer = self.upload_by_curl(hub, path)
        tags = len(flv.tags(read_file(path)))
        self.assertIn('"committed":%d' % tags, answer.replace(" ", ""))
        self.check(hub, read_file(path))

    def test_film_by_h2sink_on_a_channel_and_by_curl(self):
        film = media_file("bbb.flv")
        if not film:
            self.skipTest("../shared/data/bbb.flv is not beside the project; the generated twin ran")
        for upload in (self.upload_by_h2sink, self.upload_on_a_channel, self.upload_by_curl):
            hub = self.hub()
            upload(hub, film)
            recorded = self.check(hub, read_file(film))
            path = os.path.join(self.folder, "recorded.flv")
            with open(path, "wb") as file:
                file.write(recorded)
            before, _ = packets(film)
            after, errors = packets(path)
            self.assertEqual(errors, "")
            self.assertEqual(len(before), len(after))
            self.assertEqual([p.split(",")[-2:] for p in before], [p.split(",")[-2:] for p in after])

    def test_cut_anywhere_arrives_whole(self):
        for mode in ("post", "stream"):
            hub = self.hub()
            path = self.generated()
            done = self.gst_launch("filesrc", "location=" + path, "blocksize=1777", "!", *self.h2sink(hub, mode=mode))
            out, error = done.communicate(timeout=DEADLINE)
            self.assertEqual(done.returncode, 0, (out + error).decode())
            self.check(hub, read_file(path))


class LivePipeline(Case):
    SECONDS = 6

    def test_live_pipeline_is_recorded_as_it_was_sent(self):
        self.run_live("post")

    def test_live_pipeline_on_a_channel_is_recorded_as_it_was_sent(self):
        self.run_live("stream")

    def run_live(self, mode):
        hub = self.hub('[record]\nsegment = "2s"\n')
        copy = os.path.join(self.folder, "copy.flv")
        done = self.gst_launch(
            "videotestsrc", "is-live=true", "num-buffers=%d" % (25 * self.SECONDS), "!",
            "video/x-raw,width=320,height=240,framerate=25/1", "!", "x264enc", "tune=zerolatency", "key-int-max=25", "!",
            "h264parse", "!", "queue", "!", "mux.", "audiotestsrc", "is-live=true", "samplesperbuffer=1024",
            "num-buffers=%d" % (44100 * self.SECONDS // 1024), "!", "audio/x-raw,rate=44100", "!", "voaacenc", "!", "aacparse",
            "!", "queue", "!", "mux.", "flvmux", "name=mux", "streamable=true", "!", "tee", "name=t", "!", "queue", "!",
            "filesink", "location=" + copy, "t.", "!", "queue", "!", *self.h2sink(hub, mode=mode))
        out, error = done.communicate(timeout=self.SECONDS + DEADLINE)
        self.assertEqual(done.returncode, 0, (out + error).decode())
        source = read_file(copy)
        # flvmux repeats no tag; the copy holds what h2sink was given.
        before = flv.media(flv.tags(source))
        self.assertGreater(len(before), 25 * self.SECONDS)
        assert_same_media(self, before, flv.media(flv.tags(hub.recording())))
        segments = hub.json("/recordings/cam1")["segments"]
        self.assertGreaterEqual(len(segments), self.SECONDS // 2 - 1)


if __name__ == "__main__":
    unittest.main()
