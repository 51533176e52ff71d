"""What `cmake --install` puts down is complete: a program builds against it with pkg-config alone, and GStreamer finds the
element in it."""
import glob
import os
import subprocess
import unittest

from harness import BUILD, Case, gst_environment

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

    def test_a_program_builds_against_it_and_the_element_is_found(self):
        root = self.install()
        package = glob.glob(root + "/**/pkgconfig/camspan-core.pc", recursive=True)[0]
        prefix = os.path.dirname(os.path.dirname(os.path.dirname(package)))
        where = ["--define-variable=prefix=" + prefix, "--define-variable=libdir=" + os.path.dirname(os.path.dirname(package)),
                 "--define-variable=includedir=" + os.path.join(prefix, "include")]
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(package))
        flags = subprocess.run(["pkg-config", *where, "--static", "--cflags", "--libs", "camspan-core"], env=environment,
                               capture_output=True, text=True, timeout=30)
        self.assertEqual(flags.returncode, 0, flags.stderr)
        source, program = (os.path.join(self.folder, name) for name in ("program.cpp", "program"))
        with open(source, "w") as file:
            file.write(PROGRAM)
        built = subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", source, "-o", program, *flags.stdout.split()],
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
