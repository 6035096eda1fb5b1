// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.tharsis.control.reconcile.DriverState.Open;
import org.tharsis.control.reconcile.DriverState.Peer;

/**
 * Decides for which other replicas this one keeps its log.
 *
 * <p>Every replica keeps it for every other one, not only the primary for those who follow it: whoever becomes primary by force then
 * has what the others lack, also those that come late. The primary learns what they have from those it serves; of the rest, what they
 * have told the tree counts, but only in this replica's own epoch: in another one the same LSN may be another log. The primary is
 * always one of the rest: it fetches from nobody, though shortly before it may have been served here.
 *
 * <p>How much it may become: at the primary the driver's option {@code log-full} says what happens at {@code log-limit-bytes}; a
 * secondary gives up whoever lacks more than that.
 */
final class KeptLog {
    /** The driver's limit. */
    private static final int PEERS_MAX = 16;

    private static final String LIMIT = "log-limit-bytes";
    private static final String SEGMENT = "segment-bytes";

    /** What is still to do; empty when it is kept for all of them. */
    static List<Action> next(Desired desired, Open open) {
        Set<UUID> forgotten = desired.live() ? forgotten(desired, open) : Set.of();
        if (!forgotten.isEmpty()) {
            return List.of(new Action.ForgetPeers(forgotten));
        }
        List<Action> keep = keep(desired, open);
        return keep.isEmpty() ? confirm(desired, open) : keep;
    }

    /** Begins to keep log for those for whom it is not kept yet. */
    static List<Action> keep(Desired desired, Open open) {
        Set<UUID> missing = desired.sources().stream()
                .filter(source -> source.usable() && !isTooFarBehind(source, desired, open))
                .map(Source::nodeUuid)
                .filter(node -> !open.peers().containsKey(node))
                .limit(Math.max(0, PEERS_MAX - open.peers().size()))
                .collect(Collectors.toSet());
        return missing.isEmpty() ? List.of() : List.of(new Action.KeepLog(missing));
    }

    private static Set<UUID> forgotten(Desired desired, Open open) {
        Set<UUID> kept = desired.sources().stream()
                .filter(source -> !isTooFarBehind(source, desired, open))
                .map(Source::nodeUuid)
                .collect(Collectors.toSet());
        return open.peers().entrySet().stream()
                .filter(peer ->
                        !kept.contains(peer.getKey()) && !peer.getValue().served())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static boolean isTooFarBehind(Source source, Desired desired, Open open) {
        return !open.primary()
                && !desired.iAmPrimary()
                && open.endLsn() - source.durableLsn() > bytes(LIMIT, desired, Long.MAX_VALUE);
    }

    /** What the others have told the tree, by whole segments: less would free nothing. */
    private static List<Action> confirm(Desired desired, Open open) {
        Map<UUID, Long> durable = new HashMap<>();
        for (Source source : desired.sources()) {
            Optional<Peer> peer =
                    open.peer(source.nodeUuid()).filter(known -> !known.served() || isPrimary(source, desired));
            long lsn = min(source.durableLsn(), open.endLsn());
            boolean news = peer.filter(known -> isSegmentFurther(lsn, known.durableLsn(), desired))
                    .isPresent();
            if (news && source.usable() && source.epoch() == open.newestEpoch()) {
                durable.put(source.nodeUuid(), lsn);
            }
        }
        return durable.isEmpty() ? List.of() : List.of(new Action.ConfirmDurable(durable));
    }

    /** Who was it by an old view may have lost its log since, and fetch it from here. */
    private static boolean isPrimary(Source source, Desired desired) {
        return desired.live() && desired.primarySource().filter(source::equals).isPresent();
    }

    private static boolean isSegmentFurther(long lsn, long knownLsn, Desired desired) {
        return Long.compareUnsigned(lsn, knownLsn + bytes(SEGMENT, desired, 0)) > 0;
    }

    private static long min(long left, long right) {
        return Long.compareUnsigned(left, right) < 0 ? left : right;
    }

    private static long bytes(String option, Desired desired, long otherwise) {
        return Optional.ofNullable(desired.options().get(option))
                .map(Long::valueOf)
                .orElse(otherwise);
    }

    private KeptLog() {}
}
