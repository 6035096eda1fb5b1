# SPDX-License-Identifier: GPL-2.0
"""Where the server listens: Unix sockets and TCP, and what it says when it cannot."""
import socket
import stat
import tempfile

from nbd_testing import *  # pylint: disable=wildcard-import,unused-wildcard-import


class UnixSocket(ServerTest):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.path = os.path.join(self.directory, "s")
        self.addCleanup(shutil.rmtree, self.directory)

    def test_the_socket_is_open_to_owner_and_group_whatever_the_umask(self):
        previous = os.umask(0o077)
        server = self.host()
        os.umask(previous)
        self.assertEqual(0o660, stat.S_IMODE(os.stat(server.path).st_mode))

    def test_the_socket_goes_when_the_server_is_switched_off_and_comes_back(self):
        server = self.host()
        for _ in range(3):
            client = self.client(server)
            self.assertEqual("ok", server.tell("off"))
            self.assertTrue(client.is_closed())
            self.assertFalse(os.path.exists(server.path))
            self.assertEqual("ok", server.tell("on"))
        self.client(server)

    def test_the_socket_of_a_dead_server_is_replaced(self):
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(self.path)
        dead.close()
        server = self.host(unix=self.path)
        self.client(server, path=self.path)
        self.assertIn("left behind", server.messages())

    def test_the_socket_of_a_live_server_is_left_alone(self):
        self.host(unix=self.path)
        second = self.host(unix=self.path, on=False)
        answer = second.tell("on")
        self.assertRegex(answer, "^error 98 another server listens on " + self.path)
        self.assertTrue(os.path.exists(self.path))

    def test_a_file_that_is_no_socket_is_left_alone(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("precious")
        self.assertRegex(self.host(unix=self.path, on=False).tell("on"), "^error 17 .* is no socket")
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual("precious", file.read())

    def test_a_socket_that_somebody_else_put_there_is_not_removed(self):
        server = self.host(unix=self.path)
        os.unlink(self.path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path)
            self.assertEqual("ok", server.tell("off"))
            self.assertTrue(os.path.exists(self.path))

    def test_a_path_that_is_too_long_is_refused(self):
        server = Host(unix="/tmp/" + "x" * 103, on=False)
        self.assertRegex(server.created, "^error 36 a socket's path has 1 to 107 bytes, not 108")
        with self.assertRaises(AssertionError):
            server.stop()
        self.host(unix="/tmp/" + "x" * 102)

    def test_a_directory_that_does_not_exist_is_named(self):
        path = self.directory + "/none/s"
        self.assertRegex(self.host(unix=path, on=False).tell("on"), "^error 2 .*" + path)


class Tcp(ServerTest):
    def serve(self, host):
        server = self.host(unix=None, tcp=host, port=0)
        return server, int(server.tell("port"))

    def test_ipv4_and_ipv6_are_served_on_their_own_and_together(self):
        for host, reachable in (("127.0.0.1", ("127.0.0.1",)), ("::1", ("::1",)), ("any", ("127.0.0.1", "::1"))):
            server, port = self.serve(host)
            for address in reachable:
                client = self.client(server, path=(address, port))
                data = os.urandom(1 << 20)
                self.assertEqual(OK, client.write(0, data))
                self.assertEqual(data, client.read(0, 1 << 20))
        with self.assertRaises(ConnectionRefusedError):
            Raw(("127.0.0.1", self.serve("::1")[1]))

    def test_a_port_in_use_is_named_with_what_to_do(self):
        _, port = self.serve("127.0.0.1")
        second = self.host(unix=None, tcp="127.0.0.1", port=port, on=False)
        self.assertRegex(second.tell("on"), f"^error 98 cannot listen on 127.0.0.1, port {port}: .*another port")

    def test_addresses_that_are_none_or_not_ours_are_refused(self):
        for host, error in (("localhost", "^error 22 localhost is no numeric"),
                            ("192.0.2.1", "^error 99 cannot listen on 192.0.2.1, port 10809: .*does not have")):
            self.assertRegex(self.host(unix=None, tcp=host, port=10809, on=False).tell("on"), error)

    def test_when_one_address_fails_none_is_served(self):
        _, port = self.serve("127.0.0.1")
        second = self.host(tcp="127.0.0.1", port=port, on=False)
        self.assertRegex(second.tell("on"), "^error 98 ")
        self.assertFalse(os.path.exists(second.path))

    def test_both_kinds_are_served_at_once(self):
        server = self.host(tcp="127.0.0.1", port=0)
        client = self.client(server, path=("127.0.0.1", int(server.tell("port"))))
        self.assertEqual(OK, client.write(0, b"t" * 512))
        self.assertEqual(b"t" * 512, self.client(server).read(0, 512))

    def test_clients_wait_while_there_are_no_descriptors_and_come_in_later(self):
        import resource  # pylint: disable=import-outside-toplevel
        server = self.host(clients=100)
        used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 2, 4096))
        first, second = self.client(server), self.client(server)
        waiting = self.raw(server.path, flags=None)
        self.assertEqual(OK, first.write(0, bytes(512)))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        self.assertEqual(MAGIC.to_bytes(8, "big"), waiting.take(8))
        self.assertEqual(OK, second.write(0, bytes(512)))
        self.assertIn("have to wait", server.messages())


if __name__ == "__main__":
    main()
