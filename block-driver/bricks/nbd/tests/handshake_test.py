# SPDX-License-Identifier: GPL-2.0
"""The handshake: every option, and everything that a client can get wrong in it."""
import struct

from nbd_testing import *  # pylint: disable=wildcard-import,unused-wildcard-import

WRITABLE_FLAGS = 0x1 | 0x4 | 0x8 | 0x20 | 0x40 | 0x100 | 0x800


class Handshake(ServerTest):
    def setUp(self):
        self.server = self.host(exports=("vol0", "vol1 ro"))

    def hello(self, **settings):
        return self.raw(self.server.path, **settings)

    def infos(self, client, option, name, wanted=()):
        replies = client.option(option, go_data(name, wanted))
        self.assertEqual(REP_ACK, replies[-1][0])
        return {struct.unpack(">H", data[:2])[0]: data[2:] for kind, data in replies if kind == REP_INFO}

    def test_go_enters_transmission_and_tells_size_and_flags(self):
        client = self.hello()
        self.assertEqual((64 << 20, WRITABLE_FLAGS), client.go())
        self.assertEqual(OK, client.write(0, b"x" * 512))

    def test_structured_replies_bring_the_flag_for_unfragmented_reads(self):
        client = self.hello()
        client.agree_on_structured_replies()
        self.assertEqual((64 << 20, WRITABLE_FLAGS | 0x80), client.go())

    def test_a_read_only_export_offers_nothing_that_writes(self):
        self.assertEqual((64 << 20, 0x1 | 0x2 | 0x100), self.hello().go("vol1"))

    def test_info_tells_what_is_asked_and_the_block_sizes_always(self):
        client = self.hello()
        infos = self.infos(client, OPT_INFO, "vol0", (1, 2, 3, 77))
        self.assertEqual({0, 1, 2, 3}, set(infos))
        self.assertEqual(b"vol0", infos[1])
        self.assertEqual(b"in memory", infos[2])
        self.assertEqual((512, 4096, 32 << 20), struct.unpack(">III", infos[3]))
        self.assertEqual({0, 3}, set(self.infos(client, OPT_INFO, "vol0")))

    def test_export_name_enters_transmission_with_or_without_zeroes(self):
        for flags, zeroes in ((1, 124), (3, 0), (0, 124)):
            client = self.hello(flags=flags)
            client.send_option(OPT_EXPORT_NAME, b"vol0")
            self.assertEqual((64 << 20, WRITABLE_FLAGS), struct.unpack(">QH", client.take(10)))
            self.assertEqual(bytes(zeroes), client.take(zeroes))
            self.assertEqual(bytes(512), client.read(0, 512))

    def test_export_name_of_none_ends_the_connection(self):
        client = self.hello()
        client.send_option(OPT_EXPORT_NAME, b"nobody")
        self.assertTrue(client.is_closed())

    def test_an_unknown_export_is_refused_and_another_can_be_tried(self):
        client = self.hello()
        self.assertEqual(ERR_UNKNOWN, client.kind(OPT_GO, go_data("nobody")))
        self.assertEqual(ERR_UNKNOWN, client.kind(OPT_INFO, go_data("vol")))
        client.go("vol1")

    def test_the_empty_name_means_the_only_export(self):
        client = self.hello()
        self.assertEqual(ERR_UNKNOWN, client.kind(OPT_GO, go_data("")))
        self.assertEqual("ok", self.server.tell("unexport vol1"))
        self.assertEqual(b"vol0", self.infos(client, OPT_INFO, "", (1,))[1])
        client.go("")

    def test_an_export_whose_device_is_off_is_unknown_until_it_is_on(self):
        client = self.hello()
        self.assertEqual("ok", self.server.tell("device-off vol0"))
        self.assertEqual(ERR_UNKNOWN, client.kind(OPT_GO, go_data("vol0")))
        self.assertEqual("ok", self.server.tell("device-on vol0"))
        client.go()

    def test_the_size_is_that_at_the_time_of_connecting(self):
        first = self.hello()
        first.go()
        self.assertEqual("ok", self.server.tell("resize vol0 1048576"))
        self.assertEqual(1 << 20, self.hello().go()[0])

    def test_list_names_and_describes_all_exports(self):
        replies = self.hello().option(OPT_LIST)
        self.assertEqual([(REP_SERVER, string("vol0") + b"in memory"),
                          (REP_SERVER, string("vol1") + b"in memory"), (REP_ACK, b"")], replies)

    def test_abort_is_acknowledged_also_with_data_and_ends_the_connection(self):
        for data in (b"", b"bye", bytes(100000)):
            client = self.hello()
            client.send(struct.pack(">QII", IHAVEOPT, OPT_ABORT, len(data)) + data[:16])
            if len(data) == 3:
                self.assertEqual(REP_ACK, client.take_option_reply()[1])
            elif not data:
                self.assertEqual(REP_ACK, client.take_option_reply()[1])
                self.assertTrue(client.is_closed())
            else:
                self.assertEqual(REP_ACK, client.take_option_reply()[1])

    def test_tls_is_refused_by_policy(self):
        client = self.hello()
        self.assertEqual(ERR_POLICY, client.kind(OPT_STARTTLS))
        client.go()

    def test_unknown_options_are_unsupported_and_their_data_is_skipped(self):
        client = self.hello()
        for option in (0, 4, 11, 12, 0xFFFFFFFF):
            self.assertEqual(ERR_UNSUP, client.kind(option, b"anything"))
        client.go()

    def test_data_where_none_belongs_is_invalid(self):
        client = self.hello()
        for option in (OPT_LIST, OPT_STRUCTURED_REPLY, OPT_STARTTLS):
            self.assertEqual(ERR_INVALID, client.kind(option, b"x"))
        client.go()

    def test_lengths_that_do_not_fit_together_are_invalid(self):
        client = self.hello()
        client.agree_on_structured_replies()
        name = string("vol0")
        for data in (b"", b"\0\0", name, name + b"\0", name + b"\0\1", name + b"\0\0\0\0",
                     struct.pack(">I", 4096) + b"vol0\0\0", struct.pack(">I", 0xFFFFFFFF) + b"vol0\0\0",
                     string("vol0\0") + b"\0\0"):
            self.assertEqual(ERR_INVALID, client.kind(OPT_GO, data), data)
            self.assertEqual(ERR_INVALID, client.kind(OPT_INFO, data), data)
        for data in (b"", name, name + b"\0\0\0\1", name + struct.pack(">I", 0xFFFFFFFF),
                     name + struct.pack(">II", 1, 99) + b"base:", name + struct.pack(">I", 0) + b"x",
                     meta_data("vol0", ["no-namespace"])):
            self.assertEqual(ERR_INVALID, client.kind(OPT_SET_META, data), data)
            self.assertEqual(ERR_INVALID, client.kind(OPT_LIST_META, data), data)
        client.go()

    def test_too_much_data_is_skipped_and_said_to_be_too_big(self):
        client = self.hello()
        for option in (OPT_GO, OPT_LIST, OPT_LIST_META, 4711):
            self.assertEqual(ERR_TOO_BIG, client.kind(option, bytes(3 << 20)))
        client.go()

    def test_a_name_that_is_too_long_ends_the_connection(self):
        client = self.hello()
        client.send_option(OPT_EXPORT_NAME, b"n" * 17000)
        self.assertTrue(client.is_closed())

    def test_options_may_come_in_pieces_and_many_at_once(self):
        client = self.hello()
        data = b"".join(struct.pack(">QII", IHAVEOPT, option, 0) for option in (OPT_LIST, 99) * 2000)
        sender = in_background(lambda: client.send(data))
        for _ in range(2000):
            self.assertEqual([REP_SERVER, REP_SERVER, REP_ACK, ERR_UNSUP],
                             [client.take_option_reply()[1] for _ in range(4)])
        sender.join()
        go = struct.pack(">QII", IHAVEOPT, OPT_GO, len(go_data("vol0"))) + go_data("vol0")
        for byte in go:
            client.send(bytes([byte]))
        self.assertEqual([REP_INFO, REP_INFO, REP_ACK], [client.take_option_reply()[1] for _ in range(3)])

    def test_requests_may_follow_the_last_option_without_waiting(self):
        client = self.hello()
        client.send_option(OPT_GO, go_data("vol0"))
        client.send_request(READ, 0, 512)
        while client.take_option_reply()[1] != REP_ACK:
            pass
        self.assertEqual((1, OK, bytes(512)), client.take_reply(512))

    # ---- metadata contexts ----

    def test_metadata_contexts_need_structured_replies(self):
        client = self.hello()
        for option in (OPT_LIST_META, OPT_SET_META):
            self.assertEqual(ERR_INVALID, client.kind(option, meta_data("vol0", ["base:allocation"])))

    def test_the_only_metadata_context_is_found_by_name_by_namespace_and_by_no_query(self):
        client = self.hello()
        client.agree_on_structured_replies()
        found = [(REP_META, struct.pack(">I", 0) + b"base:allocation"), (REP_ACK, b"")]
        for queries in ([], ["base:"], ["base:allocation"], ["x-other:thing", "base:allocation"]):
            self.assertEqual(found, client.option(OPT_LIST_META, meta_data("vol0", queries)), queries)
        for queries in (["x-other:thing"], ["base:allocations"], ["base:alloc"]):
            self.assertEqual([(REP_ACK, b"")], client.option(OPT_LIST_META, meta_data("vol0", queries)), queries)
        self.assertEqual(ERR_UNKNOWN, client.kind(OPT_LIST_META, meta_data("nobody", [])))

    def test_a_metadata_context_is_selected_by_its_name_only(self):
        client = self.hello()
        client.agree_on_structured_replies()
        selected = [(REP_META, struct.pack(">I", 1) + b"base:allocation"), (REP_ACK, b"")]
        self.assertEqual(selected, client.option(OPT_SET_META, meta_data("vol0", ["base:allocation"])))
        for queries in ([], ["base:"], ["x-other:thing"]):
            self.assertEqual([(REP_ACK, b"")], client.option(OPT_SET_META, meta_data("vol0", queries)))

    def test_block_status_is_answered_only_for_the_export_that_was_selected_last(self):
        def status(*selections):
            client = self.hello()
            client.agree_on_structured_replies()
            for data in selections:
                client.option(OPT_SET_META, data)
            client.go()
            return client.request(BLOCK_STATUS, 0, 4096)[0]

        good = meta_data("vol0", ["base:allocation"])
        self.assertEqual(OK, status(good))
        self.assertEqual(EINVAL, status())
        self.assertEqual(EINVAL, status(good, meta_data("vol0", [])))
        self.assertEqual(EINVAL, status(good, meta_data("vol1", ["base:allocation"])))
        self.assertEqual(EINVAL, status(good, b"broken"))
        self.assertEqual(EINVAL, status(good, bytes(20000)))

    # ---- those who are no NBD clients ----

    def test_garbage_is_disconnected_with_one_line_in_the_log(self):
        cases = ((b"GET / HTTP/1.0\r\n\r\n", "did not answer our greeting"),
                 (struct.pack(">I", 4), "did not answer our greeting"),
                 (struct.pack(">I", 3) + b"x" * 16, "not an NBD option"),
                 (struct.pack(">IQII", 0, IHAVEOPT, OPT_LIST, 0), "fixed newstyle"))
        for data, complaint in cases:
            client = self.hello(flags=None)
            client.take(18)
            client.send(data)
            self.assertTrue(client.is_closed())
            self.assertEqual("0", self.server.tell("clients vol0"))
            self.assertEqual(1, self.server.messages().count("warning"), self.server.messages())
            self.assertIn(complaint, self.server.messages())
            self.server.log.truncate(0)

    def test_a_client_that_closes_in_the_handshake_leaves_nothing_behind(self):
        for cut in (0, 2, 4, 10, 20, 30):
            client = self.hello(flags=None)
            client.send((struct.pack(">IQII", 3, IHAVEOPT, OPT_GO, 10) + go_data("vol0"))[:cut])
            client.close()
        self.client(self.server)
        self.assertEqual("1", self.server.tell("clients vol0"))


class SlowHandshake(ServerTest):
    def test_a_half_open_handshake_ends_when_patience_does(self):
        server = self.host(patience_ms=100)
        silent = self.raw(server.path, flags=None)
        half = self.raw(server.path)
        half.send(struct.pack(">Q", IHAVEOPT))
        served = self.client(server)
        for client in (silent, half):
            if client is silent:
                client.take(18)
            self.assertTrue(client.is_closed())
        self.assertEqual(2, server.messages().count("did not finish the handshake in time"))
        self.assertEqual(OK, served.write(0, bytes(512)))

    def test_clients_above_the_limit_are_turned_away_until_one_leaves(self):
        server = self.host(clients=2)
        first = self.client(server)
        self.client(server)
        for _ in range(3):
            self.assertTrue(self.raw(server.path, flags=None).is_closed())
        self.assertEqual(1, server.messages().count("turned away"))
        first.send_request(DISC)
        self.assertTrue(first.is_closed())
        self.assertEqual("ok", server.tell("await-clients vol0 1"))
        self.client(server)


if __name__ == "__main__":
    main()
