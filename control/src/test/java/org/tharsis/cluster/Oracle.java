// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentName;
import org.tharsis.replication.log.SegmentReader;

/**
 * Judges by the files alone. What must hold of a resource at any time, whatever was killed: {@link #checkEpochs}. When its
 * replicas have caught up and nobody writes: {@link #checkEqual}.
 */
final class Oracle {
    private final TestCluster cluster;
    private final String resource;

    Oracle(TestCluster cluster, String resource) {
        this.cluster = cluster;
        this.resource = resource;
    }

    /** Never two primaries in one epoch: all segments of an epoch, wherever they lie, were begun by one node. */
    void checkEpochs() {
        Map<Long, UUID> primaries = new HashMap<>();
        for (TestNode node : cluster.nodes()) {
            for (SegmentHeader header : headers(node).values()) {
                UUID other = primaries.putIfAbsent(header.epoch(), header.creatorUuid());
                if (other != null && !other.equals(header.creatorUuid())) {
                    throw new AssertionError(resource + ": two primaries in epoch " + header.epoch() + ": " + other
                            + " and, by the log of " + node.name() + ", " + header.creatorUuid());
                }
            }
        }
    }

    /**
     * Logs and disks of these replicas hold the same bytes. All are caught up, and nobody writes.
     *
     * @return where their logs end
     */
    long checkEqual(List<TestNode> replicas) {
        checkEpochs();
        TestNode first = replicas.get(0);
        // A new epoch has a header that nobody has waited for: it is made durable, so that it is shipped.
        replicas.forEach(node -> node.brickctl("checkpoint", resource).succeeds());
        cluster.await(
                resource + ": all logs end at one LSN",
                () -> replicas.stream().map(this::driverEnd).distinct().count() == 1);
        long endLsn = driverEnd(first);
        replicas.forEach(node -> node.brickctl("checkpoint", resource).succeeds());
        for (TestNode other : replicas.subList(1, replicas.size())) {
            checkSameLog(first, other, endLsn);
            checkSameBytes(first.disk(resource), other.disk(resource), 0, deviceBytes(first));
        }
        return endLsn;
    }

    /** Where the driver of this node says that the log ends. */
    long driverEnd(TestNode node) {
        return Long.parseUnsignedLong(status(node).get("end-lsn"));
    }

    /** What the driver says of this replica. */
    Map<String, String> status(TestNode node) {
        Map<String, String> status = new TreeMap<>();
        node.brickctl("status", resource).succeeds().output().lines().forEach(line -> {
            int equals = line.indexOf('=');
            if (equals > 0) {
                status.put(line.substring(0, equals), line.substring(equals + 1));
            }
        });
        return status;
    }

    private static long deviceBytes(JsonNode resource) {
        return resource.path("sizeBytes").asLong();
    }

    private long deviceBytes(TestNode node) {
        long bytes = deviceBytes(node.resource(resource));
        if (bytes == 0) {
            throw new AssertionError(node.name() + " does not know how large " + resource + " is");
        }
        return bytes;
    }

    /** What both logs have of the history, they have the same, and both have some. */
    private void checkSameLog(TestNode one, TestNode other, long endLsn) {
        long common = 0;
        Map<SegmentName, SegmentHeader> ofOther = headers(other);
        List<SegmentName> names = headers(one).keySet().stream().sorted().toList();
        for (int i = 0; i < names.size(); i++) {
            SegmentName name = names.get(i);
            long end = i + 1 < names.size() ? names.get(i + 1).startLsn() : endLsn;
            if (ofOther.containsKey(name)) {
                Path file = Path.of(name.fileName());
                checkSameBytes(
                        one.logDirectory(resource).resolve(file),
                        other.logDirectory(resource).resolve(file),
                        0,
                        end - name.startLsn());
                common += end - name.startLsn();
            }
        }
        if (common == 0) {
            throw new AssertionError(
                    resource + ": the logs of " + one.name() + " and " + other.name() + " have nothing in common");
        }
    }

    /** By name, so that a replica whose log was cut is seen as it is. */
    private Map<SegmentName, SegmentHeader> headers(TestNode node) {
        Map<SegmentName, SegmentHeader> headers = new TreeMap<>();
        Path directory = node.logDirectory(resource);
        if (!Files.isDirectory(directory)) {
            return headers;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Optional<SegmentName> name = SegmentName.parse(String.valueOf(file.getFileName()));
                if (name.isPresent()) {
                    headers.put(name.get(), header(file));
                }
            }
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
        return headers;
    }

    private static SegmentHeader header(Path file) throws IOException {
        UUID resource = resourceOf(file);
        try (SegmentReader reader = SegmentReader.open(file, resource, 0)) {
            return reader.header();
        } catch (LogFormatException bad) {
            throw new AssertionError(file.toString(), bad);
        }
    }

    private static UUID resourceOf(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(16);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.read(bytes, 16) < 16) {
                throw new AssertionError(file + ": no segment header in it");
            }
        }
        return new UUID(bytes.getLong(0), bytes.getLong(8));
    }

    private static void checkSameBytes(Path one, Path other, long from, long to) {
        ByteBuffer left = ByteBuffer.allocate(1024 * 1024);
        ByteBuffer right = ByteBuffer.allocate(left.capacity());
        try (FileChannel of = FileChannel.open(one, StandardOpenOption.READ);
                FileChannel with = FileChannel.open(other, StandardOpenOption.READ)) {
            for (long at = from; at < to; at += left.capacity()) {
                int length = (int) Math.min(left.capacity(), to - at);
                read(of, left, at, length);
                read(with, right, at, length);
                int mismatch = left.mismatch(right);
                if (mismatch >= 0) {
                    throw new AssertionError(
                            one + " and " + other + " differ at byte " + (at + mismatch) + " of " + to);
                }
            }
        } catch (IOException cannot) {
            throw new UncheckedIOException(cannot);
        }
    }

    private static void read(FileChannel file, ByteBuffer buffer, long at, int length) throws IOException {
        buffer.clear().limit(length);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, at + buffer.position()) < 0) {
                throw new AssertionError("a file ends at byte " + (at + buffer.position()) + ", it should go on");
            }
        }
        buffer.flip();
    }
}
