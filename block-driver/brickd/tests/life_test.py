# SPDX-License-Identifier: GPL-2.0
"""brickd as a service: one per socket, ends cleanly, survives being killed, tells its service manager how it stands."""
import os
import re
import shutil
import signal
import stat
import subprocess

import nbd

from brickd_testing import BRICKCTL, BRICKD, MIB, Brickd, BrickdTest, Session, main


def connect(uri):
    """A real client."""
    client = nbd.NBD()
    client.connect_uri(uri)
    return client


def write(uri, data, position=0):
    client = connect(uri)
    client.pwrite(data, position)
    client.flush()
    client.shutdown()


class Service(BrickdTest):
    def test_what_was_flushed_survives_being_killed(self):
        directory, disk = self.make_primary()
        data = os.urandom(MIB)
        write(self.uri(), data, 8192)
        self.brickd.process.kill()
        self.brickd.wait()
        self.brickd.leave()
        self.brickd = Brickd("--open", f"vol0={directory}", directory=self.brickd.directory)
        control = self.brickd.session()
        while control("status vol0").get("state") != "open":
            control("watch vol0")
        control(f"attach vol0 disk={disk}")
        control("role vol0 primary epoch=2")
        control("export vol0")
        self.assertEqual(connect(self.uri()).pread(MIB, 8192), data)

    def test_a_clean_end_writes_everything_back_and_replays_nothing(self):
        directory, disk = self.make_primary()
        data = os.urandom(MIB)
        write(self.uri(), data)
        self.assertEqual(self.brickd.stop(), 0)
        with open(disk, "rb") as file:
            self.assertEqual(file.read(MIB), data)
        self.assertFalse(os.path.exists(self.brickd.control))
        self.brickd.leave()
        self.brickd = Brickd(directory=self.brickd.directory)
        control = self.brickd.session()
        control(f"open vol0 directory={directory}")
        status = control("status vol0")
        self.assertEqual(status["checkpoint-lsn"], status["end-lsn"])

    def test_the_end_disconnects_clients_and_says_what_it_does(self):
        self.make_primary()
        client = connect(self.uri())
        self.assertEqual(self.control("status vol0")["export.vol0.clients"], "1")
        self.assertEqual(self.brickd.stop(), 0)
        self.brickd.wait_notified("STOPPING=1")
        self.assertIn("vol0: closing", self.brickd.printed())
        with self.assertRaises(nbd.Error):
            client.pread(512, 0)

    def test_a_second_signal_ends_at_once(self):
        self.make_primary()
        self.control("suspend vol0")
        client = connect(self.uri())
        client.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(4096)), 0)
        while client.aio_get_direction() & nbd.AIO_DIRECTION_WRITE:
            client.poll(-1)
        self.brickd.signal(signal.SIGINT)
        self.brickd.wait_notified("STOPPING=1")
        self.refused("stopped", "flush vol0")
        self.brickd.signal(signal.SIGINT)
        self.assertEqual(self.brickd.wait(), 1)
        self.assertIn("the log is safe", self.brickd.printed())

    def test_a_second_brickd_at_the_same_socket_is_refused_and_the_first_goes_on(self):
        second = subprocess.run([BRICKD, "--control", self.brickd.control], capture_output=True, text=True, timeout=60,
                                check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another brickd serves", second.stderr)
        self.assertEqual(self.control("version")["host"], "brickd")

    def test_a_socket_left_by_a_dead_brickd_is_replaced(self):
        self.brickd.process.kill()
        self.brickd.wait()
        self.assertTrue(os.path.exists(self.brickd.control))
        self.brickd.leave()
        self.brickd = Brickd(directory=self.brickd.directory)
        self.assertEqual(self.brickd.session()("version")["host"], "brickd")

    def test_a_file_in_the_place_of_the_socket_is_left_alone(self):
        path = self.brickd.path("precious")
        with open(path, "w", encoding="utf-8") as file:
            file.write("data")
        refused = subprocess.run([BRICKD, "--control", path], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not a socket", refused.stderr)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "data")

    def test_a_resource_that_cannot_be_opened_does_not_keep_the_others_closed(self):
        directory = self.create()
        self.assertEqual(self.brickd.stop(), 0)
        self.brickd.leave()
        self.brickd = Brickd("--open", "bad=/nowhere", "--open", f"vol0={directory}", directory=self.brickd.directory)
        control = self.brickd.session()
        while "vol0" not in dict((value, key) for key, value in control.pairs("list")):
            control("watch")
        self.assertIn("bad in /nowhere was not opened: absent", self.brickd.printed())

    def test_it_serves_many_resources_and_their_exports(self):
        names = [f"vol{i}" for i in range(20)]
        for name in names:
            self.create_and_open(name, size="64KiB")
            self.control(f"export {name} read-only=yes")
            self.control(f"export {name} name={name}-again read-only=yes")
        for name in names:
            self.assertEqual(self.control(f"status {name}")[f"export.{name}-again.clients"], "0")
        for name in reversed(names):
            self.control(f"unexport {name}")
            self.control(f"unexport {name} name={name}-again")
            self.control(f"close {name}")

    def test_brickd_goes_on_when_nobody_reads_what_it_prints(self):
        path = self.brickd.path("other")
        other = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", BRICKD, "--control", path], stderr=subprocess.PIPE)
        self.assertIn(b"takes commands", other.stderr.readline())
        other.stderr.close()
        control = Session(path)
        directory = self.brickd.make_log()
        control(f"create vol0 directory={directory} size=1MiB")
        control(f"open vol0 directory={directory}")
        self.assertEqual(control("list"), {"resource": "vol0"})
        control.close()
        other.send_signal(signal.SIGHUP)
        self.assertEqual(other.wait(60), 0)


class Access(BrickdTest):
    options = ("--group", "daemon")

    def connect_as(self, user, group):
        """What a process of this user and group is told."""
        program = shutil.copy(BRICKCTL, self.brickd.directory)
        return subprocess.run([program, "--control", self.brickd.control, "version"], user=user, group=group,
                              extra_groups=[], capture_output=True, text=True, timeout=60, check=False)

    def test_only_root_and_the_group_may_give_commands(self):
        os.chmod(self.brickd.directory, 0o755)
        self.assertEqual(stat.S_IMODE(os.stat(self.brickd.control).st_mode), 0o660)
        self.assertIn("host=brickd", self.connect_as("nobody", "daemon").stdout)
        self.assertEqual(self.connect_as("nobody", "nogroup").returncode, 4)
        os.chmod(self.brickd.control, 0o666)
        self.assertIn("denied", self.connect_as("nobody", "nogroup").stderr)


class CommandLine(BrickdTest):
    def brickctl(self, *words):
        program = shutil.copy(BRICKCTL, self.brickd.directory)
        return subprocess.run([program, "--control", self.brickd.control, *words], capture_output=True, text=True,
                              timeout=60, check=False)

    def test_brickctl_prints_replies_and_tells_by_its_exit_status(self):
        done = self.brickctl("version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("protocol=1\n", done.stdout)
        refused = self.brickctl("close", "vol0")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("absent", refused.stderr)
        self.assertEqual(self.brickctl("fly").returncode, 2)
        self.assertEqual(self.brickctl().returncode, 2)
        self.assertEqual(self.brickctl("open", "x" * 5000).returncode, 2)
        unreachable = subprocess.run([BRICKCTL, "--control", "/nowhere", "version"], capture_output=True, timeout=60,
                                     check=False)
        self.assertEqual(unreachable.returncode, 4)

    def test_brickctl_encodes_what_a_line_would_not_carry(self):
        directory = self.brickd.make_log("100% a b\n")
        self.assertEqual(self.brickctl("create", "vol0", "directory=" + directory, "size=1MiB").returncode, 0)
        self.assertIn("meta", os.listdir(directory))

    def test_the_wiring_is_a_graph_for_graphviz(self):
        self.create_and_open()
        dot = self.brickctl("--values", "wire", "format=dot").stdout
        self.assertTrue(dot.startswith("digraph"))
        self.assertIn("vol0/log", dot)

    def test_options_that_are_wrong_are_refused_with_a_sentence(self):
        for words in (["--dirty-limit", "1KiB"], ["--log-level", "loud"], ["--open", "vol0"], ["--nbd-tcp", "host"],
                      ["--group", "no-such-group"], ["--fast"], ["now"]):
            refused = subprocess.run([BRICKD, *words], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(refused.returncode, 2, words)
            self.assertIn("brickd: ", refused.stderr)
        for option in ("--help", "--version"):
            self.assertEqual(subprocess.run([BRICKD, option], capture_output=True, timeout=60, check=False).returncode, 0)


class Documents(BrickdTest):
    """docs/control-channel.md and the code say the same."""

    def setUp(self):
        super().setUp()
        with open(os.environ["CONTROL_CHANNEL_MD"], encoding="utf-8") as page:
            self.page = page.read()

    def section(self, title):
        return re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^## |\Z)", self.page, re.S | re.M).group(1)

    def first_column(self, title):
        rows = re.findall(r"^\| (`[^|]*) \|", self.section(title), re.M)
        return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]

    def test_every_status_key_of_a_resource_is_documented(self):
        self.make_primary()
        self.control("tune vol0 fencing=lease")
        self.control("peer-add vol0 peer=00112233445566778899aabbccddeeff")
        patterns = [re.sub(r"<[^>]*>", "*", p) for p in self.first_column("Status of a resource")]
        for key in self.control("status vol0"):
            self.assertTrue(any(re.fullmatch(re.escape(p).replace(r"\*", "[^=]+"), key) for p in patterns), key)

    def test_every_status_key_of_the_host_is_documented(self):
        self.assertEqual(sorted(self.control("status")), sorted(self.first_column("Status of the host")))

    def test_every_option_is_documented_with_its_default(self):
        self.create_and_open()
        rows = re.findall(r"^\| `([^`]+)` \|[^|]+\|[^|]*\| ([^|]+) \|", self.section("Options of `tune`"), re.M)
        options = {key[len("option."):]: value for key, value in self.control("tune vol0").items()}
        self.assertEqual(sorted(name for name, _ in rows), sorted(options))
        for name, default in rows:
            self.assertEqual(options[name], default.split(" ")[0].replace(",", ""), name)

    def test_every_command_and_key_is_documented(self):
        for _, usage in self.control.pairs("help"):
            words = usage.split()
            self.assertIn("`" + words[0], self.page, usage)
            row = next(r for r in re.findall(r"^\| `([^`]+)`", self.page, re.M)
                       if r.split()[0] == words[0] and (words[2:3] == [] or "=" in words[2] or words[2] in r.split()))
            if words[0] == "tune":
                continue
            for key in re.findall(r"([a-z-]+)=", usage):
                self.assertIn(key + "=", row, usage)


if __name__ == "__main__":
    main()
