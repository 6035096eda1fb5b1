// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

class LogHistoryTest {
    @TempDir
    private Path directory;

    private LogHistory history() {
        return new LogHistory(directory, LogEncoder.RESOURCE);
    }

    private PositionCheck check(TestLog own, TestLog follower) throws IOException, LogFormatException {
        return history().check(follower.end(), follower.epochs, own.end().lsn());
    }

    private void remove(SegmentName name) throws IOException {
        Files.delete(directory.resolve(name.fileName()));
    }

    private static TestLog log(long... epochs) {
        TestLog log = new TestLog(TestLog.BEGINNING);
        for (long epoch : epochs) {
            log.segment(epoch).append(Entry.write(0, 512)).append(Entry.write(512, 1024));
        }
        return log;
    }

    @Test
    void followsEveryPositionOfItsOwnAndNoOther() throws Exception {
        long seed = 20_261_131L;
        Random random = new Random(seed);
        TestLog own = TestLog.random(random, 8).writeTo(directory);
        LogHistory history = history();
        long durable = own.end().lsn();
        for (LogPosition position : own.boundaries) {
            assertThat(history.check(position, own.epochs, durable))
                    .as("seed %d", seed)
                    .isEqualTo(new PositionCheck.Following(position));
            assertThat(history.positionAt(position.lsn(), durable)).contains(position);
            for (LogPosition wrong : List.of(
                    new LogPosition(position.lsn(), position.epoch(), position.chain() ^ 1),
                    new LogPosition(position.lsn(), position.epoch() + 1, position.chain()),
                    new LogPosition(position.lsn() + 512, position.epoch(), position.chain()))) {
                assertThat(history.check(wrong, own.epochs, durable))
                        .as("seed %d, %s", seed, wrong)
                        .isNotInstanceOf(PositionCheck.Following.class);
            }
        }
    }

    @Test
    void tellsSegmentsEpochsAndWhereToResume() throws Exception {
        TestLog own = log(1, 1, 3).writeTo(directory);
        List<SegmentName> names = List.copyOf(own.segments.keySet());
        long durable = own.end().lsn();

        assertThat(history().epochs(durable)).isEqualTo(own.epochs).hasSize(2);
        assertThat(history().oldest(durable)).contains(TestLog.BEGINNING);
        assertThat(history().segments(durable))
                .containsExactly(
                        new SegmentExtent(names.get(0), names.get(1).startLsn()),
                        new SegmentExtent(names.get(1), names.get(2).startLsn()),
                        new SegmentExtent(names.get(2), durable));
        LogPosition beforeLast = own.boundaryAtOrBelow(names.get(2).startLsn());
        assertThat(history().segmentStartAtOrBelow(durable, durable)).contains(beforeLast);
        assertThat(history().segmentStartAtOrBelow(names.get(2).startLsn(), durable))
                .contains(beforeLast);
        assertThat(history().segmentStartAtOrBelow(names.get(2).startLsn() - 1, durable))
                .contains(own.boundaryAtOrBelow(names.get(1).startLsn()));
    }

    @Test
    void whatIsNotDurableDoesNotExist() throws Exception {
        TestLog own = log(1, 2).writeTo(directory);
        long durable = own.segments.lastKey().startLsn();

        assertThat(history().segments(durable)).hasSize(1);
        assertThat(history().positionAt(own.end().lsn(), durable)).isEmpty();
        assertThat(history().check(own.end(), own.epochs, durable)).isEqualTo(new PositionCheck.Behind(durable));
    }

    @Test
    void aFollowerWithMoreOfTheSameHistoryHasToComeAgain() throws Exception {
        TestLog own = log(1).writeTo(directory);
        TestLog further = own.fork().append(Entry.write(0, 512));

        assertThat(check(own, further))
                .isEqualTo(new PositionCheck.Behind(own.end().lsn()));
    }

    @Test
    void aFollowerOfALaterEpochHasToGoElsewhere() throws Exception {
        TestLog common = log(1);
        TestLog later = common.fork().segment(2).append(Entry.write(0, 512));
        TestLog own =
                common.append(Entry.write(0, 512)).append(Entry.write(0, 512)).writeTo(directory);

        assertThat(check(own, later))
                .isEqualTo(new PositionCheck.Behind(later.segments.lastKey().startLsn()));
    }

    @Test
    void aFollowerThatWroteOnInAnOldEpochHasDivergedWhereThatEnded() throws Exception {
        TestLog own = log(1);
        TestLog longer = own.fork().append(Entry.write(0, 512)).append(Entry.write(0, 512));
        TestLog rotated = longer.fork().segment(1).append(Entry.write(0, 512));
        LogPosition branch = own.end();
        own.segment(2).writeTo(directory);
        PositionCheck diverged = new PositionCheck.Diverged(1, branch.lsn());

        assertThat(check(own, longer)).isEqualTo(diverged);
        assertThat(check(own, rotated)).isEqualTo(diverged);
        for (int i = 0; i < 10; i++) {
            own.append(Entry.write(4096, 512)).writeTo(directory);
            assertThat(check(own, longer)).isEqualTo(diverged);
            assertThat(check(own, rotated)).isEqualTo(diverged);
        }
    }

    @Test
    void aFollowerWhoseLogIsRemovedHereIsToldWhatIsLeft() throws Exception {
        TestLog own = log(1, 1, 2).writeTo(directory);
        LogPosition before = own.boundaries.get(1);
        SegmentName oldestLeft = List.copyOf(own.segments.keySet()).get(1);
        remove(own.segments.firstKey());

        assertThat(history().check(before, own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Gone(oldestLeft.startLsn()));
        LogPosition atOldest = own.boundaryAtOrBelow(oldestLeft.startLsn());
        assertThat(history().oldest(own.end().lsn())).contains(atOldest);
        assertThat(history().check(atOldest, own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Following(atOldest));
    }

    @Test
    void whereTheOldestEpochsAreRemovedTheLastOfThemStillTellsTheBranch() throws Exception {
        TestLog own = log(1, 2);
        TestLog diverged = own.fork().append(Entry.write(0, 512)).segment(2).append(Entry.write(0, 4096));
        LogPosition branch = own.end();
        own.segment(3).append(Entry.write(0, 512)).writeTo(directory);
        List<SegmentName> names = List.copyOf(own.segments.keySet());
        remove(names.get(0));
        remove(names.get(1));

        assertThat(check(own, diverged)).isEqualTo(new PositionCheck.Diverged(2, branch.lsn()));
    }

    @Test
    void aFollowerWithoutACommonEpochIsForeign() throws Exception {
        TestLog own = log(7).writeTo(directory);
        TestLog other = log(3);

        assertThat(check(own, other))
                .isInstanceOfSatisfying(
                        PositionCheck.Foreign.class,
                        foreign -> assertThat(foreign.why()).contains("no epoch in common"));
    }

    @Test
    void aPositionThatItsEpochsDoNotExplainIsForeign() throws Exception {
        TestLog own = log(1).writeTo(directory);
        LogPosition wrong = new LogPosition(own.end().lsn(), 1, own.end().chain() + 1);

        assertThat(history().check(wrong, own.epochs, own.end().lsn())).isInstanceOf(PositionCheck.Foreign.class);
    }

    @Test
    void anEmptyLogIsFollowedFromItsBeginning() throws Exception {
        assertThat(history().check(TestLog.BEGINNING, List.of(), 0))
                .isEqualTo(new PositionCheck.Following(TestLog.BEGINNING));
        assertThat(history().check(new LogPosition(4096, 1, 5), List.of(new EpochStart(1, 0, 0)), 0))
                .isEqualTo(new PositionCheck.Behind(0));
    }

    @Test
    void seesSegmentsThatComeAndGo() throws Exception {
        TestLog own = log(1).writeTo(directory);
        LogHistory history = history();
        LogPosition early = own.boundaries.get(1);
        assertThat(history.check(early, own.epochs, own.end().lsn())).isInstanceOf(PositionCheck.Following.class);

        own.segment(1).append(Entry.write(0, 512)).writeTo(directory);
        assertThat(history.check(own.end(), own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Following(own.end()));

        remove(own.segments.firstKey());
        assertThat(history.check(early, own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Gone(own.segments.lastKey().startLsn()));
    }

    @Test
    void leavesOutTheSegmentsOfAnAbandonedBranch() throws Exception {
        TestLog own = log(1);
        own.fork()
                .append(Entry.write(0, 512))
                .segment(1)
                .append(Entry.write(0, 512))
                .writeTo(directory);
        own.segment(2).append(Entry.write(0, 512));
        Files.write(
                directory.resolve(own.segments.lastKey().fileName()),
                own.segments.lastEntry().getValue().toByteArray());

        assertThat(history().segments(own.end().lsn()))
                .extracting(SegmentExtent::segment)
                .containsExactlyElementsOf(own.segments.keySet());
        assertThat(history().check(own.end(), own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Following(own.end()));
    }

    @Test
    void readsPreallocatedFilesAndIgnoresSpares() throws Exception {
        TestLog own = log(1, 1);
        own.writeTo(directory);
        Path newest = directory.resolve(own.segments.lastKey().fileName());
        byte[] bytes = Files.readAllBytes(newest);
        Files.write(newest, java.util.Arrays.copyOf(bytes, bytes.length + (1 << 20)));
        Files.write(directory.resolve("spare-0"), bytes);
        Files.write(directory.resolve(new SegmentName(1, own.end().lsn()).fileName()), new byte[4096]);

        assertThat(history().check(own.end(), own.epochs, own.end().lsn()))
                .isEqualTo(new PositionCheck.Following(own.end()));
    }

    @Test
    void saysWhenItsOwnLogDoesNotVerify() throws Exception {
        TestLog own = log(1).writeTo(directory);
        Path file = directory.resolve(own.segments.lastKey().fileName());
        byte[] bytes = Files.readAllBytes(file);
        bytes[4096 + 100] ^= 1;
        Files.write(file, bytes);

        assertThatExceptionOfType(LogFormatException.class)
                .isThrownBy(
                        () -> history().check(own.end(), own.epochs, own.end().lsn()));
    }

    @Test
    void refusesTheLogOfAnotherResource() throws Exception {
        TestLog own = log(1).writeTo(directory);

        assertThatExceptionOfType(LogFormatException.Foreign.class)
                .isThrownBy(() -> new LogHistory(directory, new UUID(1, 1))
                        .oldest(own.end().lsn()));
    }

    @Test
    void aLogThatIsServedWhileItIsWrittenIsNeverRefused() throws Exception {
        long seed = 20_261_132L;
        TestLog source = TestLog.random(new Random(seed), 12);
        LogHistory history = history();
        try (IncomingLog log = IncomingLog.open(directory, LogEncoder.RESOURCE, TestLog.BEGINNING)) {
            for (LogPosition next : source.boundaries) {
                log.accept(log.received().lsn(), source.stream(log.received().lsn(), next.lsn()));
                log.sync();
                assertThat(history.check(next, log.epochs(), log.durable().lsn()))
                        .as("seed %d", seed)
                        .isEqualTo(new PositionCheck.Following(next));
            }
        }
    }
}
