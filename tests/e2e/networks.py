"""Networks of their own for tests: namespaces joined by veth, routers that translate addresses (nftables), a TURN server
(coturn); and a host that is all alone. Needs root; where the machine does not permit it the test is skipped and says so."""
import itertools
import os
import random
import shutil
import subprocess
import tempfile
import time

from harness import DEADLINE, wait_for

PUBLIC = "198.51.100."  # documentation addresses: they mean nobody, and never leave the machine
CENTRE = PUBLIC + "1"
# How a router chooses the public port of a flow. `cone` keeps the port that the sender has, so that what STUN tells holds for
# every peer; `symmetric` takes another one for each flow.
CONE = "masquerade"
SYMMETRIC = "masquerade random,fully-random"
NO_UDP = 'iifname "lan" meta l4proto udp drop'


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


def why_not():
    """Why no network can be made here; None if it can."""
    for program in ("ip", "nft", "turnserver"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return "there is no " + program
    name = "cs-probe-%d" % random.getrandbits(24)
    try:
        run("ip", "netns", "add", name)
    except OSError as error:
        return str(error)
    try:
        run("ip", "netns", "exec", name, "nft", "-f", "-", text=rules(SYMMETRIC, NO_UDP))
        run("ip", "-n", name, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
        run("ip", "-n", name, "link", "add", "probe2", "type", "bridge")
    except OSError as error:
        return str(error)
    finally:
        run("ip", "netns", "del", name)
    return None


def rules(translation, forward):
    return """table ip camspan {
  chain out { type nat hook postrouting priority srcnat
    oifname "wan" %s
  }
  chain in { type filter hook input priority filter
    iifname "wan" ct state new drop
  }
  chain through { type filter hook forward priority filter
    iifname "wan" ct state new drop
    %s
  }
}
""" % (translation, forward)


class Networks:
    """A centre with the public address CENTRE, and homes behind routers around it."""

    def __init__(self, case):
        self.case = case
        self.prefix = "cs%06x" % random.getrandbits(24)
        self.numbers = itertools.count(2)
        self.links = itertools.count()
        self.centre = self.namespace("centre")
        run("ip", "-n", self.centre, "link", "add", "middle", "type", "bridge")
        run("ip", "-n", self.centre, "addr", "add", CENTRE + "/24", "dev", "middle")
        run("ip", "-n", self.centre, "link", "set", "middle", "up")
        # As on the Internet, what goes to private addresses is lost in silence: coturn ends a session whose send fails.
        run("ip", "-n", self.centre, "link", "add", "void", "arp", "off", "type", "veth", "peer", "name", "void-end")
        for end in ("void", "void-end"):
            run("ip", "-n", self.centre, "link", "set", end, "up")
        run("ip", "-n", self.centre, "route", "add", "default", "dev", "void")

    def namespace(self, name):
        full = self.prefix + "-" + name
        run("ip", "netns", "add", full)
        self.case.addCleanup(run, "ip", "netns", "del", full)
        run("ip", "-n", full, "link", "set", "lo", "up")
        return full

    def join(self, inner, name, outer, outer_name):
        """A cable from `name` in the namespace `inner` to `outer_name` in `outer`."""
        # Made in the inner namespace: the machine itself never has either end.
        run("ip", "-n", inner, "link", "add", name, "type", "veth", "peer", "name", outer_name, "netns", outer)
        run("ip", "-n", inner, "link", "set", name, "up")
        run("ip", "-n", outer, "link", "set", outer_name, "up")

    def home(self, name, translation, forward=""):
        """A namespace with the address 10.N.0.2 behind a router of its own."""
        number = next(self.numbers)
        router, inside = self.namespace(name + "-router"), self.namespace(name)
        port = "port%d" % next(self.links)
        self.join(router, "wan", self.centre, port)
        run("ip", "-n", self.centre, "link", "set", port, "master", "middle")
        run("ip", "-n", router, "addr", "add", "%s%d/24" % (PUBLIC, number), "dev", "wan")
        self.join(inside, "eth0", router, "lan")
        run("ip", "-n", router, "addr", "add", "10.%d.0.1/24" % number, "dev", "lan")
        run("ip", "netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        run("ip", "netns", "exec", router, "nft", "-f", "-", text=rules(translation, forward))
        self.move(inside, "10.%d.0.2" % number)
        return inside

    def move(self, inside, address, before=None):
        """Gives a home's host this address in place of `before`."""
        if before:
            run("ip", "-n", inside, "addr", "del", before + "/24", "dev", "eth0")
        run("ip", "-n", inside, "addr", "add", address + "/24", "dev", "eth0")
        run("ip", "-n", inside, "route", "replace", "default", "via", address.rsplit(".", 1)[0] + ".1")

    def address(self, namespace):
        return run("ip", "-n", namespace, "-4", "-br", "addr", "show", "dev", "eth0").split()[2].split("/")[0]

    def words(self, namespace, *command):
        return ["ip", "netns", "exec", namespace, *command]

    def turn_server(self, secret):
        """coturn in the centre on its usual port, by the shared secret of the REST credentials."""
        folder = tempfile.mkdtemp(prefix="camspan-turn-")
        self.case.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        log = os.path.join(folder, "turn.log")
        process = self.case.start(*self.words(
            self.centre, "turnserver", "-n", "--listening-ip=" + CENTRE, "--relay-ip=" + CENTRE, "--realm=camspan.test",
            "--use-auth-secret", "--static-auth-secret=" + secret, "--no-tls", "--no-dtls", "--no-cli",
            "--pidfile=" + os.path.join(folder, "pid"), "--userdb=" + os.path.join(folder, "db"), "--log-file=" + log,
            "--simple-log", "--min-port=50000", "--max-port=50100"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.case.addCleanup(process.wait, DEADLINE)
        self.case.addCleanup(process.terminate)

        def listens():
            if process.poll() is not None:
                raise AssertionError("coturn ended")
            return all(":3478 " in run(*self.words(self.centre, "ss", "-ln" + kind)) for kind in "ut")

        wait_for(listens, "coturn to listen")


class LoneHost:
    """A host without any network but loopback. @raise OSError where that cannot be made
    @param address  that loopback has as well: aiortc does not look for peers on 127.0.0.1"""

    def __init__(self, case, address=None):
        self.name = "cs-lone-%06x" % random.getrandbits(24)
        run("ip", "netns", "add", self.name)
        case.addCleanup(run, "ip", "netns", "del", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        if address:
            run("ip", "-n", self.name, "addr", "add", address + "/32", "dev", "lo")

    def words(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def carry(self, bits):
        """Loopback carries so many bits a second, both ways together, and keeps 64 KB that wait; None: as many as it can."""
        if bits is None:
            run(*self.words("tc", "qdisc", "del", "dev", "lo", "root"))
        else:
            run(*self.words("tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", "%dbit" % bits, "burst", "16kb",
                            "limit", "64kb"))


def figures(line):
    """The figures of a line of camspan-view --stats."""
    return dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
