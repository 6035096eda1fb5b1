// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogEncoder.Entry;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentName;

/** A log in the making: what its segment files hold, made byte by byte and independently of the code under test. */
final class TestLog {
    static final LogPosition BEGINNING = new LogPosition(0, 0, 0);

    final TreeMap<SegmentName, ByteArrayOutputStream> segments = new TreeMap<>();
    /** All batch and segment boundaries, the start included. */
    final List<LogPosition> boundaries = new ArrayList<>();

    final List<EpochStart> epochs = new ArrayList<>();
    private final LogPosition start;
    private LogPosition end;
    private long timeNs = 1000;

    TestLog(LogPosition start) {
        this.start = start;
        this.end = start;
        boundaries.add(start);
    }

    /** A log that has had the same history up to now. */
    TestLog fork() {
        TestLog copy = new TestLog(start);
        segments.forEach((name, bytes) -> {
            ByteArrayOutputStream same = new ByteArrayOutputStream();
            same.writeBytes(bytes.toByteArray());
            copy.segments.put(name, same);
        });
        copy.boundaries.clear();
        copy.boundaries.addAll(boundaries);
        copy.epochs.addAll(epochs);
        copy.end = end;
        copy.timeNs = timeNs;
        return copy;
    }

    static TestLog random(Random random, int segments) {
        TestLog log = new TestLog(BEGINNING);
        long epoch = 1;
        for (int i = 0; i < segments; i++) {
            epoch += random.nextInt(3) == 0 ? 1 : 0;
            log.segment(epoch).appendRandom(random, random.nextInt(6));
        }
        return log;
    }

    TestLog segment(long epoch) {
        SegmentName name = new SegmentName(epoch, end.lsn());
        byte[] header = LogEncoder.segmentHeader(name, end.epoch(), end.chain());
        if (epochs.isEmpty() || epochs.get(epochs.size() - 1).epoch() != epoch) {
            epochs.add(new EpochStart(epoch, end.lsn(), end.chain()));
        }
        segments.put(name, new ByteArrayOutputStream());
        add(header, epoch);
        return this;
    }

    TestLog append(Entry... entries) {
        timeNs++;
        add(LogEncoder.batch(end, timeNs, entries), end.epoch());
        return this;
    }

    TestLog appendRandom(Random random, int batches) {
        for (int i = 0; i < batches; i++) {
            Entry[] entries = new Entry[1 + random.nextInt(4)];
            for (int j = 0; j < entries.length; j++) {
                long position = 512L * random.nextInt(1000);
                int length = 512 * (1 + random.nextInt(20));
                entries[j] = random.nextBoolean() ? Entry.write(position, length) : Entry.discard(position, length);
            }
            append(entries);
        }
        return this;
    }

    private void add(byte[] encoded, long epoch) {
        segments.lastEntry().getValue().writeBytes(encoded);
        end = LogEncoder.end(new LogPosition(end.lsn(), epoch, end.chain()), encoded);
        boundaries.add(end);
    }

    LogPosition start() {
        return start;
    }

    LogPosition end() {
        return end;
    }

    long timeNs() {
        return timeNs;
    }

    /** The whole log as one stream of bytes, from its start. */
    byte[] stream() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        // In log order the names sort by epoch first, as the log goes.
        segments.values().forEach(bytes -> all.writeBytes(bytes.toByteArray()));
        return all.toByteArray();
    }

    /** The stream from one LSN to another. */
    ByteBuffer stream(long from, long to) {
        return ByteBuffer.wrap(stream(), (int) (from - start.lsn()), (int) (to - from))
                .slice();
    }

    /** The last boundary at or below an LSN. */
    LogPosition boundaryAtOrBelow(long lsn) {
        return boundaries.stream()
                .filter(boundary -> boundary.lsn() <= lsn)
                .reduce((earlier, later) -> later)
                .orElseThrow();
    }

    TestLog writeTo(Path directory) throws IOException {
        for (Map.Entry<SegmentName, ByteArrayOutputStream> segment : segments.entrySet()) {
            Files.write(
                    directory.resolve(segment.getKey().fileName()),
                    segment.getValue().toByteArray());
        }
        return this;
    }

    /** What a directory has to hold: file names and bytes. */
    Map<String, ByteBuffer> files() {
        Map<String, ByteBuffer> files = new TreeMap<>();
        segments.forEach((name, bytes) -> files.put(name.fileName(), ByteBuffer.wrap(bytes.toByteArray())));
        return files;
    }

    static Map<String, ByteBuffer> filesIn(Path directory) throws IOException {
        Map<String, ByteBuffer> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(directory)) {
            for (Path path : paths.toList()) {
                if (Files.isRegularFile(path)) {
                    files.put(path.getFileName().toString(), ByteBuffer.wrap(Files.readAllBytes(path)));
                }
            }
        }
        return files;
    }
}
