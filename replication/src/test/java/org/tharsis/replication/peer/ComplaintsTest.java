// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.peer;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ComplaintsTest {
    private static final SocketAddress FIRST = new InetSocketAddress("192.0.2.1", 1000);
    private static final SocketAddress FIRST_AGAIN = new InetSocketAddress("192.0.2.1", 1001);
    private static final SocketAddress SECOND = new InetSocketAddress("192.0.2.2", 1000);

    private final Logger log = (Logger) LoggerFactory.getLogger("complaints of a test");
    private final ListAppender<ILoggingEvent> told = new ListAppender<>();
    private Duration passed = Duration.ZERO;
    private final Complaints complaints = new Complaints(() -> passed.toNanos());

    @BeforeEach
    void listen() {
        told.start();
        log.addAppender(told);
        log.setAdditive(false);
    }

    @AfterEach
    void leave() {
        log.detachAppender(told);
    }

    private List<String> sentences() {
        return told.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void whoComesAgainAndAgainIsToldOnceInTenMinutes() {
        for (int second = 0; second < 660; second++) {
            passed = Duration.ofSeconds(second);
            complaints.warn(log, "Refused", second % 2 == 0 ? FIRST : FIRST_AGAIN, "its certificate has expired");
        }
        assertThat(sentences())
                .hasSize(2)
                .containsOnly("Refused the connection of 192.0.2.1: its certificate has expired");
    }

    @Test
    void anotherHostOrAnotherReasonIsNews() {
        complaints.warn(log, "Refused", FIRST, "its certificate has expired");
        complaints.warn(log, "Refused", SECOND, "its certificate has expired");
        complaints.warn(log, "Refused", FIRST, "it speaks without TLS");
        assertThat(sentences()).hasSize(3);
    }
}
