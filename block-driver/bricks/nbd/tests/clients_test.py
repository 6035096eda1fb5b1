# SPDX-License-Identifier: GPL-2.0
"""Real clients: libnbd, its tools, and those of QEMU."""
import json

import nbd

from nbd_testing import *  # pylint: disable=wildcard-import,unused-wildcard-import


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=TIMEOUT_S).stdout


class Clients(ServerTest):
    def setUp(self):
        self.server = self.host(exports=("vol0 fast", "vol1 ro"), tcp="127.0.0.1", port=0)
        self.uri = f"nbd+unix:///vol0?socket={self.server.path}"
        self.image = os.path.join(self.server.directory, "image")

    def fill_image(self):
        with open(self.image, "wb") as image:
            for i in range(64):
                image.write(os.urandom(1 << 20) if i % 3 else bytes(1 << 20))

    def test_nbdinfo_shows_the_exports(self):
        info = json.loads(run("nbdinfo", "--json", "--list", f"nbd+unix:///?socket={self.server.path}"))
        self.assertTrue(info["structured"])
        exports = {export["export-name"]: export for export in info["exports"]}
        self.assertEqual({"vol0", "vol1"}, set(exports))
        self.assertTrue(exports["vol1"]["is_read_only"])
        self.assertTrue(exports["vol0"]["can_multi_conn"])
        self.assertEqual(512, exports["vol0"]["block_size_minimum"])

    def test_nbdcopy_copies_there_and_back_over_several_connections(self):
        self.fill_image()
        run("nbdcopy", "--connections=4", "--flush", self.image, self.uri)
        run("nbdcopy", "--connections=4", self.uri, self.image + ".back")
        run("cmp", self.image, self.image + ".back")

    def test_qemu_img_converts_and_compares(self):
        self.fill_image()
        run("qemu-img", "convert", "-n", "-W", "-f", "raw", "-O", "raw", self.image, self.uri)
        self.assertIn("identical", run("qemu-img", "compare", "-f", "raw", "-F", "raw", self.image, self.uri))

    def test_qemu_io_writes_zeroes_discards_and_flushes(self):
        pattern = "write -P 7 0 1M", "write -z 4k 64k", "discard 128k 64k", "flush", "read -P 0 4k 64k", "read -P 7 0 4k"
        arguments = [word for command in pattern for word in ("-c", command)]
        output = run("qemu-io", "-f", "raw", *arguments, self.uri)
        self.assertNotIn("failed", output)

    def test_libnbd_speaks_everything_over_tcp_too(self):
        handle = nbd.NBD()
        handle.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
        handle.set_export_name("vol0")
        handle.connect_tcp("127.0.0.1", self.server.tell("port"))
        handle.pwrite(b"libnbd!!" * 64, 0, nbd.CMD_FLAG_FUA)
        self.assertEqual(b"libnbd!!" * 64, handle.pread(512, 0))
        handle.zero(4096, 0, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
        handle.trim(4096, 0, nbd.CMD_FLAG_FUA)
        handle.flush()
        extents = []
        handle.block_status(1 << 20, 0, lambda context, offset, entries, error: extents.extend(entries))
        self.assertEqual([1 << 20, 0], extents)
        handle.set_strict_mode(0)
        with self.assertRaises(nbd.Error) as caught:
            handle.pread(512, 1)
        self.assertEqual("EINVAL", caught.exception.errno)
        handle.shutdown()

    def test_a_client_of_the_old_kind_without_options_is_served(self):
        handle = nbd.NBD()
        handle.set_handshake_flags(0)
        handle.set_export_name("vol0")
        handle.connect_unix(self.server.path)
        self.assertEqual(bytes(512), handle.pread(512, 0))
        handle.shutdown()

    def test_a_client_that_is_killed_again_and_again_costs_nothing(self):
        for _ in range(5):
            fio = subprocess.Popen(["fio", "--name=x", "--ioengine=nbd", "--uri=" + self.uri, "--rw=randrw", "--bs=64k",
                                    "--iodepth=32", "--size=64M", "--time_based", "--runtime=60",
                                    "--thread"],  # else its forked worker outlives it
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertEqual("ok", self.server.tell("await-clients vol0 1"))
            fio.kill()
            fio.wait()
            self.assertEqual("ok", self.server.tell("await-clients vol0 0"))
        # The size only: else nbdinfo prints a guess of what fio's random bytes are, and with it some of them.
        run("nbdinfo", "--size", self.uri)


if __name__ == "__main__":
    main()
