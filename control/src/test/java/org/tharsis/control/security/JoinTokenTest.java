// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tharsis.control.config.HostPort;
import org.tharsis.control.model.BadValueException;

class JoinTokenTest {
    private static final JoinToken ENROL =
            new JoinToken.Enrol(new HostPort("fe80::1", 7440), "ab".repeat(32), "0123456789abcdef".repeat(2));

    @Test
    void isOnePrintableWordThatReadsBack() {
        JoinToken plain = new JoinToken.Plain(new UUID(1, 2), "test", "zk1:2181,zk2:2181");

        assertThat(ENROL.format()).matches("tharsis-[A-Za-z0-9_-]+");
        assertThat(JoinToken.parse(ENROL.format())).isEqualTo(ENROL);
        assertThat(JoinToken.parse(plain.format())).isEqualTo(plain);
    }

    @Test
    void refusesATokenThatWasNotCopiedWhole() {
        String token = ENROL.format();
        for (int length = "tharsis-".length(); length < token.length(); length++) {
            String part = token.substring(0, length);
            assertThatExceptionOfType(BadValueException.class)
                    .isThrownBy(() -> JoinToken.parse(part))
                    .withMessageContaining("not whole");
        }
    }

    @Test
    void refusesATokenWithOneWrongCharacter() {
        String token = ENROL.format();
        for (int at = "tharsis-".length(); at < token.length(); at++) {
            char other = token.charAt(at) == 'A' ? 'B' : 'A';
            String wrong = token.substring(0, at) + other + token.substring(at + 1);
            assertThatExceptionOfType(BadValueException.class).isThrownBy(() -> JoinToken.parse(wrong));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "abc", "tharsis", "Tharsis-AAAA"})
    void saysWhatATokenIs(String text) {
        assertThatExceptionOfType(BadValueException.class)
                .isThrownBy(() -> JoinToken.parse(text))
                .withMessageContaining("this is no token");
    }
}
