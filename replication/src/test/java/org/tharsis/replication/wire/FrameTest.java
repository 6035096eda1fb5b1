// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tharsis.replication.backfill.RangeDigest;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;
import org.tharsis.replication.wire.ConnectionFrame.Hello;

class FrameTest {
    private static final UUID A = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID B = UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f");
    private static final LogPosition POSITION = new LogPosition(-4096, 3, -5);

    static Stream<Frame> frames() {
        return Stream.of(
                new Hello(1, 7, A, B, "node-1.example_x"),
                new ErrorFrame(0, ErrorCode.FOREIGN, "of another cluster, as ever; \u00e4\u00f6\u00fc"),
                new ErrorFrame(-1, ErrorCode.FAILED, "x"),
                new Heartbeat(Long.MIN_VALUE + 1),
                new FollowerFrame.Follow(1, A, 1 << 20, POSITION, List.of()),
                new FollowerFrame.Follow(
                        2, A, 1 << 30, POSITION, List.of(new EpochStart(1, 0, 0), new EpochStart(-2, 4096, 9))),
                new FollowerFrame.Ack(3, -1, 2, 1),
                new FollowerFrame.Credit(4, 1),
                new FollowerFrame.Close(5),
                new FollowerFrame.BackfillRequest(6, A, 16 << 20, Optional.of(POSITION), 1 << 30, 131072),
                new FollowerFrame.BackfillRequest(7, A, 16 << 20, Optional.empty(), 512, 512),
                new FollowerFrame.Digests(
                        8,
                        131072,
                        LongStream.range(0, 1024)
                                .mapToObj(n -> new RangeDigest(n, -n))
                                .toList()),
                new ServerFrame.Following(9, 1),
                new ServerFrame.Diverged(10, 2, 3),
                new ServerFrame.Gone(11, 4),
                new ServerFrame.Behind(12, 5),
                new ServerFrame.Segment(13, new SegmentName(6, 4096)),
                new ServerFrame.Bytes(14, 7, content(4096)),
                new ServerFrame.Sealed(15, 8),
                new ServerFrame.End(16, 9, 10),
                new ServerFrame.BackfillBegin(17, POSITION, 11, 512, 131072),
                new ServerFrame.Blocks(18, 131072, 0x12345678, content(512)),
                new ServerFrame.Zeroes(19, 12, 13),
                new ServerFrame.Equal(20, 14, 15),
                new ServerFrame.BackfillEnd(21, new EpochLsn(16, 17)));
    }

    private static ByteBuf content(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return Unpooled.wrappedBuffer(content);
    }

    private static byte[] bytesOf(Frame frame) {
        ByteBuf content = contentOf(frame);
        ByteBuf head = FrameWriter.head(ByteBufAllocator.DEFAULT, frame, content.readableBytes());
        byte[] bytes = ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head, content.duplicate()));
        head.release();
        return bytes;
    }

    private static ByteBuf contentOf(Frame frame) {
        if (frame instanceof ServerFrame.Bytes bytes) {
            return bytes.content();
        }
        return frame instanceof ServerFrame.Blocks blocks ? blocks.content() : Unpooled.EMPTY_BUFFER;
    }

    private static EmbeddedChannel channel() {
        FrameDecoder decoder = new FrameDecoder();
        decoder.helloDone();
        return new EmbeddedChannel(decoder);
    }

    private static String refusalOf(byte[] bytes) {
        EmbeddedChannel channel = channel();
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            return "";
        } catch (DecoderException refused) {
            WireException reason =
                    (WireException) Optional.ofNullable(refused.getCause()).orElseThrow();
            assertThat(reason.code()).isEqualTo(ErrorCode.PROTOCOL);
            return String.valueOf(reason.getMessage());
        }
    }

    /** A frame of any type and body whose checksum fits. */
    private static byte[] frame(int type, int stream, byte[] body) {
        ByteBuf out = Unpooled.buffer();
        out.writeIntLE(16 + body.length)
                .writeByte(type)
                .writeZero(3)
                .writeIntLE(stream)
                .writeIntLE(0);
        out.writeBytes(body);
        out.setIntLE(12, FrameWriter.crc32c(out, 0, out.writerIndex()));
        return ByteBufUtil.getBytes(out);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void arrivesAsItWasSent(Frame frame) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(Unpooled.wrappedBuffer(bytesOf(frame)));

        assertThat(channel.<Frame>readInbound()).isEqualTo(frame);
    }

    @Test
    void arriveInAnyPieces() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        ByteBuf stream = Unpooled.buffer();
        frames().forEach(frame -> stream.writeBytes(bytesOf(frame)));
        EmbeddedChannel channel = channel();
        List<Object> arrived = new ArrayList<>();
        while (stream.isReadable()) {
            int piece = 1 + random.nextInt(Math.min(700, stream.readableBytes()));
            channel.writeInbound(stream.readBytes(piece));
            for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
                arrived.add(next);
            }
        }

        assertThat(arrived).as("seed %d", seed).isEqualTo(frames().toList());
    }

    @ParameterizedTest
    @MethodSource("frames")
    void isRefusedWhenAnyBitOfItsHeaderOrFieldsIsWrong(Frame frame) {
        byte[] bytes = bytesOf(frame);
        int covered = bytes.length - contentOf(frame).readableBytes();
        // The length is left out: a longer frame is not complete yet.
        for (int bit = 32; bit < covered * 8 && bit < 2000; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(refusalOf(damaged)).as("bit %d of %s", bit, frame).isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("frames")
    void isRefusedWhenItIsTooShortOrTooLong(Frame frame) {
        byte[] bytes = bytesOf(frame);
        int contentBytes = contentOf(frame).readableBytes();
        if (contentBytes == 0 && !(frame instanceof ErrorFrame)) {
            byte[] body = Arrays.copyOfRange(bytes, 16, bytes.length);
            int stream = frame.stream();
            assertThat(refusalOf(frame(frame.type(), stream, Arrays.copyOf(body, body.length + 1))))
                    .isNotEmpty();
            if (body.length > 0) {
                assertThat(refusalOf(frame(frame.type(), stream, Arrays.copyOf(body, body.length - 1))))
                        .isNotEmpty();
            }
        }
    }

    @Test
    void isRefusedWhenNobodyKnowsItsType() {
        for (int type : new int[] {0, 4, 15, 22, 31, 45, 255}) {
            assertThat(refusalOf(frame(type, 1, new byte[0]))).contains("does not know");
        }
    }

    @Test
    void isRefusedBeyondTheLongestLengthBeforeAnythingIsHeld() {
        ByteBuf length = Unpooled.buffer().writeIntLE(WireFormat.FRAME_BYTES_MAX + 1);
        assertThat(refusalOf(ByteBufUtil.getBytes(length))).contains("262169 bytes");
        assertThat(refusalOf(new byte[] {15, 0, 0, 0})).contains("15 bytes");
        assertThat(refusalOf(new byte[] {-1, -1, -1, -1})).contains("4294967295 bytes");
    }

    @Test
    void isRefusedBeyond512BytesBeforeTheHello() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        assertThatExceptionOfType(DecoderException.class)
                .isThrownBy(() -> channel.writeInbound(Unpooled.buffer().writeIntLE(513)))
                .withMessageContaining("16 to 512");
    }

    @Test
    void isDroppedBehindOneThatWasRefused() {
        EmbeddedChannel channel = channel();
        assertThatExceptionOfType(DecoderException.class)
                .isThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(frame(99, 1, new byte[0]))));
        assertThatCode(() -> channel.writeInbound(Unpooled.wrappedBuffer(bytesOf(new Heartbeat(1)))))
                .doesNotThrowAnyException();
        assertThat(channel.<Frame>readInbound()).isNull();
    }

    @Test
    void isRefusedOnAStreamWhereItDoesNotBelong() {
        assertThat(refusalOf(frame(3, 1, new byte[8]))).contains("on stream 1");
        assertThat(refusalOf(frame(17, 0, new byte[24]))).contains("on stream 0");
    }

    @Test
    void isRefusedWithValuesOutOfTheirRange() {
        assertThat(refusalOf(frame(18, 1, new byte[4]))).contains("credit of 0 bytes");
        assertThat(refusalOf(frame(18, 1, new byte[] {1, 0, 0, 64}))).contains("credit of 1073741825 bytes");
        assertThat(refusalOf(frame(2, 0, new byte[] {10, 0, 'x'}))).contains("error code 10");
        assertThat(refusalOf(frame(2, 0, new byte[] {1, 0}))).contains("sentence of 0 bytes");
        assertThat(refusalOf(frame(2, 0, new byte[403]))).isNotEmpty();
        assertThat(refusalOf(frame(21, 1, new byte[8]))).contains("digests");
        assertThat(refusalOf(frame(21, 1, new byte[8 + 16 * 1025]))).contains("digests");
        assertThat(refusalOf(frame(37, 1, new byte[8]))).contains("content of 0 bytes");
        assertThat(refusalOf(bytesOf(new FollowerFrame.Follow(1, A, (1 << 20) - 1, POSITION, List.of()))))
                .contains("window");
        assertThat(refusalOf(bytesOf(new FollowerFrame.Follow(
                        1, A, 1 << 20, POSITION, List.of(new EpochStart(2, 0, 0), new EpochStart(2, 1, 0))))))
                .contains("do not ascend");
        assertThat(refusalOf(bytesOf(new FollowerFrame.BackfillRequest(1, A, 1 << 20, Optional.empty(), 4096, 8192))))
                .contains("not on the device");
    }

    @Test
    void saysNoMoreThan400BytesAndNoControlCharacters() {
        ErrorFrame error = new ErrorFrame(0, ErrorCode.FAILED, "\u00e4\n".repeat(1000));

        assertThat(error.sentence().getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(400);
        assertThat(error.sentence()).doesNotContain("\n");
    }

    @Test
    void holdsTheNewest1024EpochsOfALongHistory() {
        List<EpochStart> epochs = LongStream.rangeClosed(1, 2000)
                .mapToObj(n -> new EpochStart(n, n, n))
                .toList();
        FollowerFrame.Follow follow = new FollowerFrame.Follow(1, A, 1 << 20, POSITION, epochs);

        assertThat(follow.epochs()).hasSize(1024).endsWith(new EpochStart(2000, 2000, 2000));
    }
}
