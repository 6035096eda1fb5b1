// SPDX-License-Identifier: Apache-2.0
package org.tharsis.replication.store;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.replication.log.EpochStart;
import org.tharsis.replication.log.LogFormatException;
import org.tharsis.replication.log.LogPosition;
import org.tharsis.replication.log.SegmentHeader;
import org.tharsis.replication.log.SegmentReader;

/**
 * The history of one log directory, as its segment headers tell it, for as long as the object lives: it looks at the
 * directory each time, and remembers what cannot have changed.
 *
 * <p>All methods block for the disk; each may be called on any thread, one at a time gets in. Nothing at or above the
 * {@code durableLsn} of the caller is looked at: segments that begin there do not exist yet. All throw {@link
 * LogFormatException} when a segment is of another resource or of a newer version of the format.
 */
public final class LogHistory {
    private final SegmentDirectory directory;
    private final SegmentIndex index = new SegmentIndex();

    /** Opens nothing yet. */
    public LogHistory(Path directory, UUID resourceUuid) {
        this.directory = new SegmentDirectory(directory, resourceUuid);
    }

    /** The segments of the history, oldest first; each ends where the next one starts, the last one at {@code durableLsn}. */
    public synchronized List<SegmentExtent> segments(long durableLsn) throws IOException, LogFormatException {
        return extents(directory.history(durableLsn), durableLsn);
    }

    /** The epochs of the history, oldest first. */
    public synchronized List<EpochStart> epochs(long durableLsn) throws IOException, LogFormatException {
        return SegmentDirectory.epochs(directory.history(durableLsn));
    }

    /** The position before the header of the oldest segment; empty while there is none. */
    public synchronized Optional<LogPosition> oldest(long durableLsn) throws IOException, LogFormatException {
        return directory.history(durableLsn).stream().findFirst().map(SegmentHeader::start);
    }

    /**
     * The position before the header of the newest segment that starts at or below {@code lsn}: from there a new replica can
     * follow that is complete up to {@code lsn} by other means. Empty when {@code lsn} lies below the oldest segment.
     */
    public synchronized Optional<LogPosition> segmentStartAtOrBelow(long lsn, long durableLsn)
            throws IOException, LogFormatException {
        return lastStartingAtOrBelow(directory.history(durableLsn), lsn).map(SegmentHeader::start);
    }

    /**
     * The position at {@code lsn}; empty when no batch or segment header ends there, or it lies outside of the log. Reads the
     * batch headers of at most one segment.
     *
     * @throws LogFormatException also when this log does not verify on the way to {@code lsn}
     */
    public synchronized Optional<LogPosition> positionAt(long lsn, long durableLsn)
            throws IOException, LogFormatException {
        if (Long.compareUnsigned(lsn, durableLsn) > 0) {
            return Optional.empty();
        }
        return positionAt(lsn, directory.history(durableLsn));
    }

    /**
     * Checks a follower's position against this log. Nothing of it is believed: a position is {@code Following} only when LSN,
     * epoch and chain value are found here. May read the batch headers of one segment.
     *
     * @param position where the follower's verified log ends
     * @param epochsOfFollower its epochs, oldest first; they tell only how far it diverged
     * @param durableLsn up to here this log is durable, and may be given
     * @throws LogFormatException also when this log does not verify on the way to the position
     */
    public synchronized PositionCheck check(LogPosition position, List<EpochStart> epochsOfFollower, long durableLsn)
            throws IOException, LogFormatException {
        List<SegmentHeader> history = directory.history(durableLsn);
        if (history.isEmpty()) {
            return emptyLog(position, durableLsn);
        }
        long oldestLsn = history.get(0).startLsn();
        if (Long.compareUnsigned(position.lsn(), oldestLsn) < 0) {
            return new PositionCheck.Gone(oldestLsn);
        }
        if (Long.compareUnsigned(position.lsn(), durableLsn) <= 0
                && positionAt(position.lsn(), history).filter(position::equals).isPresent()) {
            return new PositionCheck.Following(position);
        }
        if (removedMeanwhile(position.lsn(), durableLsn)) {
            return check(position, epochsOfFollower, durableLsn);
        }
        return explain(history, position, epochsOfFollower, durableLsn);
    }

    private static PositionCheck emptyLog(LogPosition position, long durableLsn) {
        return position.equals(new LogPosition(0, 0, 0))
                ? new PositionCheck.Following(position)
                : new PositionCheck.Behind(durableLsn);
    }

    /** The driver may have removed the segment between the look at the directory and the look into the file. */
    private boolean removedMeanwhile(long lsn, long durableLsn) throws IOException, LogFormatException {
        List<SegmentHeader> now = directory.history(durableLsn);
        return now.isEmpty() || Long.compareUnsigned(lsn, now.get(0).startLsn()) < 0;
    }

    /** Why a position is not one of this log's. */
    private static PositionCheck explain(
            List<SegmentHeader> history, LogPosition position, List<EpochStart> epochsOfFollower, long durableLsn) {
        List<EpochStart> epochs = withEpochBefore(history);
        Optional<BranchPoint> found = BranchPoint.of(epochs, durableLsn, epochsOfFollower, position.lsn());
        if (found.isEmpty()) {
            return new PositionCheck.Foreign("the follower at " + position
                    + " has no epoch in common with this log, which begins at "
                    + history.get(0).start() + ": it diverged before that, or is no replica of this resource");
        }
        BranchPoint branch = found.get();
        boolean followerIsNewer = !epochsOfFollower.isEmpty()
                && Long.compareUnsigned(
                                epochsOfFollower
                                        .get(epochsOfFollower.size() - 1)
                                        .epoch(),
                                epochs.get(epochs.size() - 1).epoch())
                        > 0;
        if (followerIsNewer || (branch.lsn() == durableLsn && position.lsn() != durableLsn)) {
            return new PositionCheck.Behind(branch.lsn());
        }
        if (branch.lsn() == position.lsn()) {
            return new PositionCheck.Foreign("by its epochs the follower's " + position
                    + " should be in this log, and is not: one of the two logs is damaged, or was written by hand");
        }
        return new PositionCheck.Diverged(branch.epoch(), branch.lsn());
    }

    /** The epochs of the history; before them the one that ended where it begins, which the oldest header names. */
    private static List<EpochStart> withEpochBefore(List<SegmentHeader> history) {
        SegmentHeader oldest = history.get(0);
        List<EpochStart> epochs = new ArrayList<>();
        if (oldest.previousEpoch() != 0 && oldest.previousEpoch() != oldest.epoch()) {
            epochs.add(new EpochStart(oldest.previousEpoch(), oldest.startLsn(), oldest.chainBefore()));
        }
        epochs.addAll(SegmentDirectory.epochs(history));
        return epochs;
    }

    private Optional<LogPosition> positionAt(long lsn, List<SegmentHeader> history)
            throws IOException, LogFormatException {
        Optional<SegmentHeader> starting = lastStartingAtOrBelow(history, lsn);
        if (starting.isEmpty()) {
            return Optional.empty();
        }
        SegmentHeader segment = starting.get();
        if (segment.startLsn() == lsn) {
            return Optional.of(segment.start());
        }
        try (SegmentReader reader = directory.open(segment.name(), 0)) {
            return Optional.of(index.skipTo(reader, lsn)).filter(found -> found.lsn() == lsn);
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        }
    }

    private static Optional<SegmentHeader> lastStartingAtOrBelow(List<SegmentHeader> history, long lsn) {
        return history.stream()
                .filter(header -> Long.compareUnsigned(header.startLsn(), lsn) <= 0)
                .reduce((earlier, later) -> later);
    }

    private static List<SegmentExtent> extents(List<SegmentHeader> history, long endLsn) {
        List<SegmentExtent> extents = new ArrayList<>();
        for (int i = 0; i < history.size(); i++) {
            long end = i + 1 < history.size() ? history.get(i + 1).startLsn() : endLsn;
            extents.add(new SegmentExtent(history.get(i).name(), end));
        }
        return List.copyOf(extents);
    }
}
