// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.fetch;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.tharsis.replication.log.Batch;
import org.tharsis.replication.log.LogEncoder;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogReader;
import org.tharsis.replication.log.RecordDescriptor;
import org.tharsis.replication.log.SegmentName;

/** A new replica without a driver: what it is told to replay is replayed by {@link #replay}, when a test says so. */
public final class RecordingTarget implements BackfillTarget {
    private final Path directory;
    private final Path disk;
    private final long deviceBytes;
    private volatile long receivedLsn;
    public final List<BackfillProgress> progress = new CopyOnWriteArrayList<>();

    public RecordingTarget(Path directory, Path disk, long deviceBytes) {
        this.directory = directory;
        this.disk = disk;
        this.deviceBytes = deviceBytes;
    }

    @Override
    public UUID resourceUuid() {
        return LogEncoder.RESOURCE;
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public Path disk() {
        return disk;
    }

    @Override
    public long deviceBytes() {
        return deviceBytes;
    }

    @Override
    public int blockBytes() {
        return 512;
    }

    @Override
    public void received(SegmentName segment, long lsn) {
        receivedLsn = lsn;
    }

    @Override
    public long replayedLsn() {
        return receivedLsn;
    }

    @Override
    public void progress(BackfillProgress now) {
        progress.add(now);
    }

    /** Does what the driver does with the backfill's log, up to what it was told. Returns how many records there were. */
    public int replay() throws IOException, LogFormatException {
        int records = 0;
        try (LogReader log = LogReader.open(directory, LogEncoder.RESOURCE);
                RandomAccessFile device = new RandomAccessFile(disk.toFile(), "rw")) {
            for (Optional<Batch> batch = log.next(); batch.isPresent(); batch = log.next()) {
                if (Long.compareUnsigned(batch.get().header().end().lsn(), receivedLsn) > 0) {
                    throw new IOException("a batch that was not announced");
                }
                for (RecordDescriptor record : batch.get().header().records()) {
                    byte[] bytes = new byte[(int) record.length()];
                    if (record.payloadBytes() > 0) {
                        ByteBuffer payload = batch.get().payload(record);
                        payload.get(bytes);
                    }
                    device.seek(record.position());
                    device.write(bytes);
                    records++;
                }
            }
        }
        return records;
    }
}
