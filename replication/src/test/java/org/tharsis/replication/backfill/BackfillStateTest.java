// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.EpochLsn;
import org.tharsis.replication.log.LogPosition;

class BackfillStateTest {
    private static final BackfillState COPYING = new BackfillState(
            UUID.fromString("f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f"),
            new LogPosition(8192, 1, 0x5b1f2a90c3d4e6f7L),
            1L << 30,
            new BackfillState.Phase.Copying(262144));

    @TempDir
    private Path directory;

    @Test
    void thereIsNoneBeforeItIsWritten() throws Exception {
        assertThat(BackfillState.read(directory)).isEmpty();
    }

    @Test
    void remembersWhatWasWrittenLast() throws Exception {
        BackfillState applied = new BackfillState(
                UUID.randomUUID(),
                new LogPosition(1L << 62, 7, -1),
                512,
                new BackfillState.Phase.Applied(new EpochLsn(7, 1L << 62)));
        for (BackfillState state : new BackfillState[] {COPYING, applied, COPYING}) {
            state.write(directory);
            assertThat(BackfillState.read(directory)).contains(state);
        }
    }

    @Test
    void isATextThatPeopleCanRead() throws Exception {
        COPYING.write(directory);

        assertThat(Files.readAllLines(directory.resolve("state")))
                .startsWith(
                        "tharsis-backfill 1",
                        "server f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f",
                        "resume-lsn 8192",
                        "resume-epoch 1",
                        "resume-chain 5b1f2a90c3d4e6f7",
                        "device-bytes 1073741824",
                        "copying 262144")
                .hasSize(8);
    }

    @Test
    void noDamageIsTakenForAState() throws Exception {
        COPYING.write(directory);
        Path file = directory.resolve("state");
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < good.length; i++) {
            byte[] damaged = good.clone();
            damaged[i] ^= 1;
            Files.write(file, damaged);
            assertThatIOException()
                    .as("byte %d", i)
                    .isThrownBy(() -> BackfillState.read(directory))
                    .withMessageContaining(file.toString())
                    .withMessageContaining("begin it anew");
            Files.write(file, Arrays.copyOf(good, i));
            assertThatIOException().as("cut to %d", i).isThrownBy(() -> BackfillState.read(directory));
        }
        Files.write(file, new byte[5000]);
        assertThatIOException().isThrownBy(() -> BackfillState.read(directory));
    }

    @Test
    void aWriteThatWasInterruptedChangesNothing() throws Exception {
        COPYING.write(directory);
        Files.write(directory.resolve("state.new"), new byte[10]);

        assertThat(BackfillState.read(directory)).contains(COPYING);
        COPYING.write(directory);
        assertThat(directory.resolve("state.new")).doesNotExist();
    }
}
