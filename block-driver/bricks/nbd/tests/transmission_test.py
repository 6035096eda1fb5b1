# SPDX-License-Identifier: GPL-2.0
"""Transmission: commands, what clients can get wrong in them, and clients that misbehave or vanish."""
import random
import socket
import struct

from nbd_testing import *  # pylint: disable=wildcard-import,unused-wildcard-import

SIZE = 64 << 20
MIB = 1 << 20


class Commands(ServerTest):
    def setUp(self):
        self.server = self.host(exports=("vol0", "vol1 ro", "vol2 fast"))

    def both(self):
        """A client with structured replies, and one without."""
        return (self.client(self.server), self.client(self.server, structured=False))

    def test_what_was_written_is_read_back_whatever_its_length(self):
        for client in self.both():
            for length in (512, 4096, 4608, 16384, 16896, 65536, 66048, 524288, 524800, MIB, 32 * MIB):
                data = random.Random(length).randbytes(length)
                self.assertEqual(OK, client.write(512, data))
                self.assertEqual(data, client.read(512, length), length)

    def test_commands_reach_the_device_as_what_they_are(self):
        client = self.client(self.server)
        sent = ((READ, 0, 4096, 0, "read:0:0:4096"), (WRITE, 512, 512, 0, "write:0:512:512"),
                (WRITE, 0, 512, FUA, "write:1:0:512"), (FLUSH, 0, 0, 0, "flush:0:0:0"),
                (TRIM, 0, 4096, 0, "discard:0:0:4096"), (WRITE_ZEROES, 0, MIB, 0, "zero:0:0:1048576"),
                (WRITE_ZEROES, 0, 512, NO_HOLE, "zero:2:0:512"),
                (WRITE_ZEROES, 0, 512, NO_HOLE | FUA, "zero:3:0:512"), (READ, 0, 512, DF | FUA, "read:0:0:512"))
        for command, offset, length, flags, record in sent:
            payload = bytes(length) if command == WRITE else b""
            self.assertEqual(OK, client.request(command, offset, length, flags, payload)[0])
            self.assertEqual([record], self.server.records())

    def test_a_trim_that_must_be_durable_is_a_discard_and_then_a_flush(self):
        client = self.client(self.server)
        self.assertEqual(OK, client.request(TRIM, 4096, 8192, FUA)[0])
        self.assertEqual(["discard:0:4096:8192", "flush:0:0:0"], self.server.records())
        self.server.tell("fail vol0 flush 5")
        self.assertEqual(EIO, client.request(TRIM, 4096, 8192, FUA)[0])
        self.server.tell("fail vol0 discard 5")
        self.server.records()
        self.assertEqual(EIO, client.request(TRIM, 4096, 8192, FUA)[0])
        self.assertEqual(["discard:0:4096:8192"], self.server.records())

    def test_trim_and_zeroes_may_be_longer_than_any_payload(self):
        client = self.client(self.server)
        self.assertEqual(OK, client.write(SIZE - 512, b"x" * 512))
        self.assertEqual(OK, client.request(WRITE_ZEROES, 0, SIZE)[0])
        self.assertEqual(bytes(512), client.read(SIZE - 512, 512))
        self.assertEqual(OK, client.request(TRIM, 0, SIZE)[0])

    def test_fast_zeroing_is_done_where_it_is_fast_and_refused_elsewhere(self):
        self.assertEqual(ENOTSUP, self.client(self.server).request(WRITE_ZEROES, 0, 512, FAST_ZERO)[0])
        self.assertEqual([], self.server.records())
        self.assertEqual(OK, self.client(self.server, "vol2").request(WRITE_ZEROES, 0, 512, FAST_ZERO)[0])

    def test_block_status_says_that_all_is_data(self):
        client = self.raw(self.server.path)
        client.agree_on_structured_replies()
        client.option(OPT_SET_META, meta_data("vol0", ["base:allocation"]))
        client.go()
        for length, flags in ((512, 0), (SIZE, 0), (SIZE, REQ_ONE)):
            self.assertEqual((OK, struct.pack(">III", 1, length, 0)), client.request(BLOCK_STATUS, 0, length, flags))

    def check_refused(self, client, cases):
        for command, offset, length, flags, error in cases:
            payload = bytes(length) if command == WRITE else b""
            self.assertEqual(error, client.request(command, offset, length, flags, payload)[0],
                             (command, offset, length, flags))
        self.assertEqual([], self.server.records())

    def test_requests_that_break_the_rules_get_their_error_and_the_connection_goes_on(self):
        for client in self.both():
            self.check_refused(client, (
                (READ, 1, 512, 0, EINVAL), (READ, 0, 511, 0, EINVAL), (READ, 0, 0, 0, EINVAL),
                (WRITE, 1, 512, 0, EINVAL), (WRITE, 0, 513, 0, EINVAL), (WRITE, 0, 0, 0, EINVAL),
                (READ, SIZE, 512, 0, EINVAL), (READ, SIZE - 512, 1024, 0, EINVAL),
                (WRITE, SIZE, 512, 0, ENOSPC), (WRITE, SIZE - 512, 1024, 0, ENOSPC),
                (WRITE, (1 << 64) - 512, 1024, 0, ENOSPC), (WRITE_ZEROES, SIZE, 512, 0, ENOSPC),
                (TRIM, SIZE, 512, 0, EINVAL), (TRIM, (1 << 64) - 512, 0xFFFFFE00, 0, EINVAL),
                (READ, 0, 32 * MIB + 512, 0, EOVERFLOW), (WRITE, 0, 32 * MIB + 512, 0, EINVAL),
                (READ, 0, 0xFFFFFE00, 0, EOVERFLOW),
                (READ, 0, 512, NO_HOLE, EINVAL), (WRITE, 0, 512, 1 << 15, EINVAL), (TRIM, 0, 512, DF, EINVAL),
                (FLUSH, 512, 0, 0, EINVAL), (FLUSH, 0, 512, 0, EINVAL), (CACHE, 0, 512, 0, EINVAL),
                (8, 0, 512, 0, EINVAL), (0xFFFF, 0, 0, 0, EINVAL), (BLOCK_STATUS, 0, 512, 0, EINVAL)))
            self.assertEqual(OK, client.write(0, bytes(512)))
            self.server.records()

    def test_unfragmented_reads_need_structured_replies(self):
        structured, simple = self.both()
        self.assertEqual(OK, structured.request(READ, 0, MIB, DF)[0])
        self.assertEqual(EINVAL, simple.request(READ, 0, MIB, DF)[0])

    def test_a_read_only_export_permits_no_change(self):
        self.check_refused(self.client(self.server, "vol1"), (
            (WRITE, 0, 65536, 0, EPERM), (TRIM, 0, 512, 0, EPERM), (WRITE_ZEROES, 0, 512, 0, EPERM),
            (FLUSH, 0, 0, 0, EINVAL)))
        self.assertEqual([], self.server.records("vol1"))

    def test_errors_of_the_device_reach_the_client_and_with_a_text_if_it_can_show_one(self):
        pairs = ((1, EPERM), (5, EIO), (12, ENOMEM), (22, EINVAL), (28, ENOSPC), (30, EPERM), (75, EOVERFLOW),
                 (95, ENOTSUP), (108, ESHUTDOWN), (117, EIO))
        commands = {"read": READ, "write": WRITE, "flush": FLUSH, "discard": TRIM, "zero": WRITE_ZEROES}
        for client in self.both():
            for name, command in commands.items():
                for error, expected in pairs:
                    self.server.tell(f"fail vol0 {name} {error}")
                    length = 0 if command == FLUSH else 65536
                    payload = bytes(length) if command == WRITE else b""
                    got, text = client.request(command, 0, length, 0, payload)
                    self.assertEqual(expected, got)
                    self.assertEqual(b"reported by the device" if client.structured else b"", text)

    def test_replies_come_as_the_device_completes_and_name_their_request(self):
        client = self.client(self.server)
        other = self.client(self.server, "vol2")
        self.server.tell("hold vol0")
        cookies = [client.send_request(READ, 512 * i, 512, cookie=(1 << 64) - 1 - i) for i in range(64)]
        self.assertEqual("ok", self.server.tell("await-held vol0 64"))
        self.assertEqual(OK, other.write(0, bytes(512)))
        self.server.tell("release vol0")
        self.assertEqual(set(cookies), {client.take_reply()[0] for _ in cookies})

    def test_requests_may_come_in_pieces_of_any_size(self):
        client = self.client(self.server)
        data = random.Random(7).randbytes(40960)
        wire = b"".join(struct.pack(">IHHQQI", REQUEST, 0, WRITE, 1, i * 4096, 4096) + data[i * 4096:(i + 1) * 4096]
                        for i in range(10))
        for size in (1, 27, 28, 29, 4095, 4124):
            for at in range(0, len(wire) if size > 1 else 100, size):
                client.send(wire[at:at + size])
            if size == 1:
                client.send(wire[100:])
            for _ in range(10):
                self.assertEqual((1, OK, b""), client.take_reply())
            self.assertEqual(data, client.read(0, 40960))
            self.assertEqual(OK, client.request(WRITE_ZEROES, 0, 40960)[0])

    def test_all_connections_and_exports_work_side_by_side(self):
        clients = [self.client(self.server, ("vol0", "vol2")[i % 2], bool(i & 2)) for i in range(8)]
        for i, client in enumerate(clients):
            client.send_request(WRITE, i * 4096, 4096, 0, bytes([i]) * 4096)
        for client in clients:
            self.assertEqual(OK, client.take_reply()[1])
        # Exports are apart, connections to one are not.
        for i in range(8):
            self.assertEqual(bytes([i]) * 4096, clients[(i + 2) % 8].read(i * 4096, 4096))
            self.assertEqual(bytes(4096), clients[(i + 1) % 8].read(i * 4096, 4096))

    def test_disconnecting_waits_for_the_replies_to_what_was_sent_before(self):
        client = self.client(self.server)
        self.server.tell("hold vol0")
        cookie = client.send_request(WRITE, 0, 512, 0, b"z" * 512)
        client.send_request(DISC)
        self.server.tell("await-held vol0 1")
        self.server.tell("release vol0")
        self.assertEqual((cookie, OK, b""), client.take_reply())
        self.assertTrue(client.is_closed())

    def test_garbage_instead_of_a_request_ends_the_connection_with_one_line_in_the_log(self):
        client = self.client(self.server)
        client.send(b"\x25\x60\x95\x12" + bytes(24))
        self.assertTrue(client.is_closed())
        self.assertEqual(1, self.server.messages().count("not an NBD request"))


class Vanishing(ServerTest):
    def setUp(self):
        self.server = self.host()

    def test_writes_that_were_taken_are_done_though_their_client_vanished(self):
        client = self.client(self.server)
        self.server.tell("hold vol0")
        for i in range(16):
            client.send_request(WRITE, i * 65536, 65536, 0, bytes([i + 1]) * 65536)
        self.server.tell("await-held vol0 16")
        client.close()
        other = self.client(self.server)
        self.server.tell("release vol0")
        self.assertEqual("ok", self.server.tell("await-clients vol0 1"))
        for i in range(16):
            self.assertEqual(bytes([i + 1]) * 65536, other.read(i * 65536, 65536))

    def test_a_write_that_was_cut_off_does_not_happen(self):
        for sent in (1, 4095, 65536, 131071):
            client = self.client(self.server)
            client.send(struct.pack(">IHHQQI", REQUEST, 0, WRITE, 1, 0, 131072) + b"x" * sent)
            client.close()
            self.assertEqual("ok", self.server.tell("await-clients vol0 0"))
        self.assertEqual([], self.server.records())
        self.assertEqual(4, self.server.messages().count("in the middle of a message"))

    def test_a_client_that_vanishes_with_replies_on_their_way_is_forgotten(self):
        for _ in range(10):
            client = self.client(self.server)
            client.send_reads(100, MIB)
            client.close()
        self.assertEqual("ok", self.server.tell("await-clients vol0 0"))
        self.assertEqual(OK, self.client(self.server).write(0, bytes(512)))

    def test_a_client_that_half_closes_gets_its_replies(self):
        client = self.client(self.server)
        client.send_reads(50, MIB)
        client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(50, sum(len(client.take_reply()[2]) == MIB for _ in range(50)))
        self.assertTrue(client.is_closed())


class Limits(ServerTest):
    def test_more_requests_than_may_be_under_way_wait_and_none_is_lost(self):
        server = self.host(depth=4, requests=6)
        clients = [self.client(server) for _ in range(3)]
        server.tell("hold vol0")
        for client in clients:
            client.send(b"".join(struct.pack(">IHHQQI", REQUEST, 0, WRITE, i, i * 512, 512) + bytes([i]) * 512
                                 for i in range(50)))
        self.assertEqual("ok", server.tell("await-held vol0 6"))
        server.tell("release vol0")
        for client in clients:
            self.assertEqual([OK] * 50, [client.take_reply()[1] for _ in range(50)])
        for i in range(50):
            self.assertEqual(bytes([i]) * 512, clients[0].read(i * 512, 512))

    def test_clients_that_do_not_read_their_replies_keep_nobody_else_from_his(self):
        server = self.host()
        for _ in range(6):
            self.client(server).send_reads(200, MIB)
        good = self.client(server)
        for length in (512, 65536, MIB):
            data = b"d" * length
            self.assertEqual(OK, good.write(0, data))
            self.assertEqual(data, good.read(0, length))

    def test_deaf_clients_are_disconnected_when_others_need_the_memory_that_they_hold(self):
        server = self.host(patience_ms=100)
        for _ in range(30):
            self.client(server).send_reads(200, MIB)
        good = self.client(server)
        self.assertEqual(bytes(32 * MIB), good.read(0, 32 * MIB))
        self.assertIn("does not read its replies while others wait", server.messages())

    def test_a_deaf_client_gets_all_its_replies_when_it_listens_again(self):
        server = self.host()
        client = self.client(server)
        client.send_reads(200, MIB)
        self.client(server).write(0, bytes(512))
        self.assertEqual(200, sum(len(client.take_reply()[2]) == MIB for _ in range(200)))

    def test_the_largest_requests_take_turns_for_the_memory_that_there_is(self):
        server = self.host()
        clients = [self.client(server) for _ in range(3)]
        lengths = []
        for client in clients:
            client.send_reads(4, 32 * MIB)
        threads = [in_background(lambda c=client: lengths.extend(len(c.take_reply()[2]) for _ in range(4)))
                   for client in clients]
        for thread in threads:
            thread.join()
        self.assertEqual([32 * MIB] * 12, lengths)


class Unexport(ServerTest):
    def test_an_export_that_is_removed_answers_what_is_under_way_and_then_disconnects(self):
        server = self.host(exports=("vol0", "vol1"))
        client, other = self.client(server), self.client(server, "vol1")
        server.tell("hold vol0")
        cookies = [client.send_request(WRITE, i * 512, 512, 0, bytes(512)) for i in range(8)]
        server.tell("await-held vol0 8")
        server.say("unexport vol0")
        late = self.raw(server.path)
        self.assertEqual(ERR_SHUTDOWN, late.kind(OPT_GO, go_data("vol0")))
        self.assertEqual([(REP_SERVER, string("vol1") + b"in memory"), (REP_ACK, b"")], late.option(OPT_LIST))
        self.assertIn("error 114", server.tell("unexport vol0"))
        server.say("release vol0")
        self.assertEqual(["ok", "ok"], [server.answer(), server.answer()])
        self.assertEqual(cookies, [client.take_reply()[0] for _ in cookies])
        self.assertTrue(client.is_closed())
        self.assertEqual(ERR_UNKNOWN, late.kind(OPT_GO, go_data("vol0")))
        self.assertEqual(OK, other.write(0, bytes(512)))

    def test_a_name_can_be_exported_again_with_another_device(self):
        server = self.host()
        self.client(server).write(0, b"old" + bytes(509))
        for _ in range(10):
            self.assertEqual("ok", server.tell("unexport vol0"))
            self.assertIn("error 2 ", server.tell("unexport vol0"))
            self.assertEqual("ok", server.tell("export vol0"))
            client = self.client(server)
            self.assertEqual(bytes(512), client.read(0, 512))
            client.write(0, b"old" + bytes(509))
        self.assertIn("error 17 ", server.tell("export vol0"))

    def test_an_export_is_removed_under_load_and_every_answered_write_is_there(self):
        server = self.host(exports=("vol0", "vol1"))
        clients = [self.client(server) for _ in range(4)]
        answered = []

        def load(client, number):
            count = 0
            try:
                while True:
                    for i in range(16):
                        client.send_request(WRITE, (number * 16 + i) * 4096, 4096, 0, bytes([count % 256]) * 4096)
                    for i in range(16):
                        assert client.take_reply()[1] == OK
                    count += 1
                    started.set()
            except (Closed, OSError):
                answered.append(count)

        started = threading.Event()
        threads = [in_background(lambda c=client, n=n: load(c, n)) for n, client in enumerate(clients)]
        started.wait()
        self.assertEqual("ok", server.tell("unexport vol0"))
        for thread in threads:
            thread.join()
        self.assertEqual(4, len(answered))
        self.assertGreater(sum(answered), 0)
        self.assertEqual("ok", server.tell("export vol0"))
        self.assertEqual(bytes(512), self.client(server).read(0, 512))

    def test_a_client_that_reads_no_replies_delays_the_end_only_until_patience_ends(self):
        server = self.host(patience_ms=100)
        client = self.client(server)
        client.send_reads(200, MIB)
        self.client(server).write(0, bytes(512))
        self.assertEqual("ok", server.tell("unexport vol0"))
        self.assertIn("does not read the replies", server.messages())

    def test_there_are_as_many_exports_as_inputs(self):
        names = [f"vol{i}" for i in range(1024)]
        server = self.host(exports=names, size=4096, requests=2)
        self.assertIn("error 28 ", server.tell("export one-too-many"))
        client = self.raw(server.path)
        for _ in range(2):
            listed = client.option(OPT_LIST)
            self.assertEqual([name.encode() for name in names],
                             [data[4:4 + int.from_bytes(data[:4], "big")] for _, data in listed[:-1]])
        self.assertEqual(ERR_UNKNOWN, self.raw(server.path).kind(OPT_GO, go_data("one-too-many")))
        self.assertEqual(OK, self.client(server, "vol1023").write(0, bytes(512)))
        self.assertEqual("ok", server.tell("unexport vol500"))
        self.assertEqual("ok", server.tell("export another"))
        self.assertEqual(OK, self.client(server, "another").write(0, bytes(512)))


class Model(ServerTest):
    def test_a_thousand_random_requests_leave_what_a_model_says(self):
        seed = int(os.environ.get("NBD_SEED", "20260101"))
        print("seed", seed)
        rng = random.Random(seed)
        server = self.host(size=8 * MIB)
        clients = [self.client(server, structured=bool(i % 2)) for i in range(4)]
        model = bytearray(8 * MIB)
        done = 0
        while done < 1000:
            # Those of one batch do not overlap, so their order does not matter.
            starts = rng.sample(range(16), rng.randint(1, 16))
            pending = {}
            for start in starts:
                client = rng.choice(clients)
                offset = start * 524288 + rng.randrange(8) * 512
                length = rng.choice((512, 1024, 4096, 12288, 65536, 131072, 512 * rng.randint(1, 1000)))
                command = rng.choice((READ, READ, WRITE, WRITE, WRITE, WRITE_ZEROES, FLUSH))
                payload = rng.randbytes(length) if command == WRITE else b""
                if command == FLUSH:
                    offset = length = 0
                cookie = rng.getrandbits(64)
                client.send_request(command, offset, length, rng.choice((0, 0, FUA)), payload, cookie)
                pending.setdefault(client, {})[cookie] = (command, offset, length, payload)
                done += 1
            for client, requests in pending.items():
                for _ in range(len(requests)):
                    cookie, error, data = client.take_reply(
                        lambda c, r=requests: r[c][2] if r[c][0] == READ else 0)
                    command, offset, length, payload = requests.pop(cookie)
                    self.assertEqual(OK, error)
                    if command == READ:
                        self.assertEqual(model[offset:offset + length], data)
                    elif command != FLUSH:
                        model[offset:offset + length] = payload or bytes(length)
        self.assertEqual(bytes(model), clients[1].read(0, 8 * MIB))


if __name__ == "__main__":
    main()
