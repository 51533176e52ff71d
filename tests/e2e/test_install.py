"""What `cmake --install` puts down is complete: a program builds against it with pkg-config alone, and GStreamer finds the
element in it."""
import glob
import os
import subprocess
import unittest

from harness import BUILD, ROOT, Case, gst_environment

PROGRAM = """
#include <camspan/h2_push.hpp>
#include <camspan/hal.h>
#include <cstdio>
int main() {
  camspan::H2PushConfig config;
  config.location = "nonsense";
  const auto push = camspan::H2Push::create(config, {});
  if (!push && hal()->monotonic_ns() > 0) std::puts(push.error().sentence.c_str());
}
"""


class Install(Case):
    def install(self):
        root = os.path.join(self.folder, "root")
        done = subprocess.run(["cmake", "--install", BUILD], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, DESTDIR=root))
        self.assertEqual(done.returncode, 0, done.stderr)
        return root

    def flags(self, root, package):
        """What pkg-config says of a package that is installed below `root`."""
        path = glob.glob(root + "/**/pkgconfig/%s.pc" % package, recursive=True)[0]
        prefix = os.path.dirname(os.path.dirname(os.path.dirname(path)))
        where = ["--define-variable=prefix=" + prefix, "--define-variable=libdir=" + os.path.dirname(os.path.dirname(path)),
                 "--define-variable=includedir=" + os.path.join(prefix, "include")]
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(path))
        flags = subprocess.run(["pkg-config", *where, "--static", "--cflags", "--libs", package], env=environment,
                               capture_output=True, text=True, timeout=30)
        self.assertEqual(flags.returncode, 0, flags.stderr)
        return flags.stdout.split()

    def build(self, root, example, package):
        """An example in C, by what pkg-config says of the package. @return the program"""
        source, program = os.path.join(ROOT, "examples", example, "main.c"), os.path.join(self.folder, example)
        built = subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", source, "-o", program,
                                *self.flags(root, package)], capture_output=True, text=True, timeout=120)
        self.assertEqual(built.returncode, 0, built.stderr)
        return program

    def check_usage(self, root, example, package):
        said = subprocess.run([self.build(root, example, package), "--help"], capture_output=True, text=True, timeout=30)
        self.assertIn("usage: " + example, said.stdout)

    def test_a_link_kit_program_in_c_builds_against_it(self):
        root = self.install()
        for example in ("link-h2-stream", "link-upload-file"):
            self.check_usage(root, example, "camspan-linkkit")

    def test_a_gecko_os_program_in_c_builds_against_it(self):
        program = self.build(self.install(), "gos-camera", "camspan-gos")
        said = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                              env=dict(os.environ, CAMSPAN_GOS_LISTEN="127.0.0.1:0"))
        self.assertEqual((said.returncode, "streams are at http://127.0.0.1:" in said.stderr), (0, True), said.stderr)

    def test_an_iot_video_program_in_c_builds_against_it(self):
        root = self.install()
        if not glob.glob(root + "/**/pkgconfig/camspan-iv.pc", recursive=True):
            self.skipTest("built without P2P")
        self.check_usage(root, "iv-p2p-camera", "camspan-iv")

    def test_a_program_builds_against_it_and_the_element_is_found(self):
        root = self.install()
        source, program = (os.path.join(self.folder, name) for name in ("program.cpp", "program"))
        with open(source, "w") as file:
            file.write(PROGRAM)
        built = subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", source, "-o", program,
                                *self.flags(root, "camspan-core")],
                               capture_output=True, text=True, timeout=120)
        self.assertEqual(built.returncode, 0, built.stderr)
        said = subprocess.run([program], capture_output=True, text=True, timeout=30)
        self.assertIn("nonsense", said.stdout)

        plugin = glob.glob(root + "/**/libgstcamspan.so", recursive=True)[0]
        environment = dict(gst_environment(), GST_PLUGIN_PATH=os.path.dirname(plugin),
                           GST_REGISTRY_1_0=os.path.join(self.folder, "registry.bin"))
        inspected = subprocess.run(["gst-inspect-1.0", "h2sink"], env=environment, capture_output=True, text=True, timeout=60)
        self.assertIn("Filename                 " + plugin, inspected.stdout)
        self.assertTrue(glob.glob(root + "/**/bin/camspan-hub", recursive=True))


if __name__ == "__main__":
    unittest.main()
