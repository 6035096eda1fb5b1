// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.tharsis.replication.peer.Heartbeats.PeerSilent;
import org.tharsis.replication.wire.ConnectionFrame.Heartbeat;

class HeartbeatsTest {
    private final List<PeerSilent> silences = new ArrayList<>();
    private long nowNs;
    private final Heartbeats heartbeats = new Heartbeats(PeerSettings.DEFAULTS, () -> nowNs);
    private final EmbeddedChannel channel = new EmbeddedChannel();

    HeartbeatsTest() {
        channel.freezeTime();
        channel.pipeline().addLast(heartbeats, new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) {
                silences.add((PeerSilent) event);
            }
        });
    }

    private void seconds(int count) {
        for (int i = 0; i < count; i++) {
            nowNs += TimeUnit.SECONDS.toNanos(1);
            channel.advanceTimeBy(1, TimeUnit.SECONDS);
            channel.runScheduledPendingTasks();
        }
    }

    @Test
    void aSignOfLifeIsSentEachSecondOnceTheHellosAreExchanged() {
        seconds(3);
        assertThat(channel.outboundMessages()).isEmpty();
        heartbeats.helloDone();
        channel.writeInbound(Unpooled.buffer().writeByte(1));
        seconds(3);

        assertThat(channel.outboundMessages()).hasSize(3).hasOnlyElementsOfType(Heartbeat.class);
    }

    @Test
    void aPeerThatSendsAnyByteIsAlive() {
        heartbeats.helloDone();
        for (int i = 0; i < 10; i++) {
            seconds(4);
            channel.writeInbound(Unpooled.buffer().writeByte(1));
        }
        assertThat(silences).isEmpty();
    }

    @Test
    void aPeerThatIsSilentFor5SecondsIsDead() {
        heartbeats.helloDone();
        seconds(4);
        assertThat(silences).isEmpty();
        seconds(1);
        assertThat(silences).hasSize(1);
        assertThat(silences.get(0).sentence()).contains("silent for 5000 ms");
    }

    @Test
    void aPeerThatTricklesBytesInsteadOfSayingHelloIsGivenUpAllTheSame() {
        for (int i = 0; i < 5; i++) {
            seconds(1);
            channel.writeInbound(Unpooled.buffer().writeByte(1));
        }
        assertThat(silences).isNotEmpty();
        assertThat(silences.get(0).sentence()).contains("did not say hello");
    }

    @Test
    void noHeartbeatsPileUpBehindASocketThatIsFull() {
        EmbeddedChannel stuck = new EmbeddedChannel();
        stuck.freezeTime();
        Heartbeats patient = new Heartbeats(PeerSettings.DEFAULTS, () -> 0);
        List<Object> written = new ArrayList<>();
        stuck.pipeline()
                .addLast(
                        new ChannelOutboundHandlerAdapter() {
                            @Override
                            public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
                                written.add(message);
                            }
                        },
                        patient);
        patient.helloDone();
        for (int i = 0; i < 10; i++) {
            stuck.advanceTimeBy(1, TimeUnit.SECONDS);
            stuck.runScheduledPendingTasks();
        }
        assertThat(written).hasSize(1);
    }
}
