// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.wire.ConnectionFrame.ErrorFrame;
import org.tharsis.replication.wire.ErrorCode;
import org.tharsis.replication.wire.FollowerFrame;
import org.tharsis.replication.wire.ServerFrame;
import org.tharsis.replication.wire.WireException;

class ClientConnectionTest {
    private static final NodeIdentity SERVER = new NodeIdentity(UUID.randomUUID(), UUID.randomUUID(), "server");
    private static final int WINDOW = 1 << 20;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ClientConnection connection = new ClientConnection(channel, SERVER);
    private final List<Object> events = new ArrayList<>();
    private final ClientStream stream;

    ClientConnectionTest() {
        channel.pipeline().addLast(connection);
        stream = open();
    }

    private ClientStream open() {
        return connection.open(
                new ClientStream.Listener() {
                    @Override
                    public void received(ServerFrame frame) {
                        events.add(frame);
                    }

                    @Override
                    public void refused(ErrorCode code, String why) {
                        events.add(code);
                    }
                },
                id -> new FollowerFrame.Follow(id, SERVER.node(), WINDOW, new LogPosition(0, 0, 0), List.of()));
    }

    private ServerFrame.Bytes bytes(int count) {
        return new ServerFrame.Bytes(stream.id(), 0, Unpooled.wrappedBuffer(new byte[count]));
    }

    @Test
    void aServerThatSendsMoreThanTheWindowIsAProtocolErrorAndTheExcessIsNotHeld() {
        for (int sent = 0; sent < 4; sent++) {
            channel.writeInbound(bytes((WINDOW / 4) - 24));
        }
        ByteBuf excess = Unpooled.buffer().writeByte(1);
        assertThatExceptionOfType(WireException.class)
                .isThrownBy(() -> channel.writeInbound(new ServerFrame.Bytes(stream.id(), 0, excess)))
                .withMessageContaining("more on stream 1 than it was allowed to");
        assertThat(excess.refCnt()).isZero();
        assertThat(events).hasSize(4);
    }

    @Test
    void creditAllowsAsMuchMore() {
        for (int sent = 0; sent < 8; sent++) {
            channel.writeInbound(bytes((WINDOW / 4) - 24));
            stream.credit(WINDOW / 4);
        }
        assertThat(events).hasSize(8);
        assertThat(channel.outboundMessages()).contains(new FollowerFrame.Credit(1, WINDOW / 4));
    }

    @Test
    void whatComesForAStreamThatWasClosedIsDroppedAndReleased() {
        stream.close();
        ServerFrame.Bytes late = bytes(100);
        channel.writeInbound(late);

        assertThat(events).isEmpty();
        assertThat(late.content().refCnt()).isZero();
        assertThat(channel.outboundMessages()).last().isEqualTo(new FollowerFrame.Close(1));
    }

    @Test
    void anErrorEndsOneStreamAndLeavesTheOthers() {
        ClientStream other = open();
        channel.writeInbound(new ErrorFrame(stream.id(), ErrorCode.REFUSED, "not now"));
        channel.writeInbound(new ServerFrame.Following(other.id(), 0));

        assertThat(events).containsExactly(ErrorCode.REFUSED, new ServerFrame.Following(other.id(), 0));
        assertThat(stream.ended()).isTrue();
        assertThat(other.ended()).isFalse();
    }

    @Test
    void theEndOfTheConnectionEndsAllStreams() {
        channel.close().syncUninterruptibly();

        assertThat(stream.ended()).isTrue();
        stream.credit(1);
        assertThat(channel.outboundMessages()).doesNotContain(new FollowerFrame.Credit(1, 1));
    }
}
