// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.SealedEnd;

/**
 * What a replica on host "me" is in, said in few words. It begins as a healthy secondary in epoch 5, at LSN 1000, that follows
 * "other", the primary, and keeps its log for "other" and "third".
 */
final class Scene {
    static final UUID OTHER = new UUID(0, 1);
    static final UUID THIRD = new UUID(0, 2);
    static final long CHAIN = 0xc0ffee;

    private boolean live = true;
    private Optional<Role> role = Optional.of(Role.parse("5 other primary"));
    private Optional<SealedEnd> sealed = Optional.empty();
    private Optional<EpochRecord> epochStart =
            Optional.of(new EpochRecord("other", 900, CHAIN, 4, 1, EpochRecord.Kind.PLANNED));
    private Todo todo = Todo.USUAL;
    private final Map<String, String> wantedOptions = new HashMap<>();
    private final List<Source> sources = new ArrayList<>(List.of(
            new Source("other", OTHER, "other:7440", true, true, 5, 1000),
            new Source("third", THIRD, "third:7440", true, true, 5, 1000)));

    private Optional<DriverState> driver = Optional.empty();
    private DriverState.Place place = DriverState.Place.LOG;
    private boolean settled = true;
    private boolean attached = true;
    private Optional<Integer> users = Optional.empty();
    private boolean primary;
    private long newestEpoch = 5;
    private long end = 1000;
    private long replayed = 1000;
    private boolean consistent = true;
    private boolean paused;
    private final Map<String, String> options = new HashMap<>();
    private final Map<UUID, DriverState.Peer> peers =
            new HashMap<>(Map.of(OTHER, new DriverState.Peer(1000, false), THIRD, new DriverState.Peer(1000, false)));
    private ReplicaFiles files = ReplicaFiles.REPLICA;
    private Following following = new Following.Running("other", Following.Phase.FOLLOWING);
    private final Map<String, Long> lacking = new HashMap<>();
    private Backfilling backfilling = new Backfilling.Stopped();

    /** "other" is the primary, and is followed. */
    static Scene secondary() {
        return new Scene();
    }

    /** "me" is the primary of epoch 5, with an export that has no users. */
    static Scene primary() {
        Scene scene = new Scene().role("5 me primary").stopped();
        scene.primary = true;
        scene.users = Optional.of(0);
        return scene;
    }

    Scene role(String text) {
        role = Optional.of(Role.parse(text));
        return this;
    }

    Scene roleDamaged() {
        role = Optional.empty();
        epochStart = Optional.empty();
        return this;
    }

    Scene sealedAt(long lsn) {
        return sealedAt(lsn, CHAIN);
    }

    Scene sealedAt(long lsn, long chain) {
        sealed = Optional.of(new SealedEnd(5, lsn, chain));
        return this;
    }

    Scene seenBefore() {
        live = false;
        return this;
    }

    Scene todo(Todo value) {
        todo = value;
        return this;
    }

    Scene wants(String option, String value) {
        wantedOptions.put(option, value);
        return this;
    }

    Scene has(String option, String value) {
        options.put(option, value);
        return this;
    }

    /** It has told that its log begins there. */
    Scene lacks(String host, long oldestLsn) {
        lacking.put(host, oldestLsn);
        return this;
    }

    Scene source(String host, boolean alive, boolean usable, long durableLsn) {
        sources.replaceAll(old -> old.host().equals(host)
                ? new Source(host, old.nodeUuid(), old.address(), alive, usable, 5, durableLsn)
                : old);
        return this;
    }

    Scene sourceIn(long epoch, String host, long durableLsn) {
        sources.replaceAll(old -> old.host().equals(host)
                ? new Source(host, old.nodeUuid(), old.address(), true, true, epoch, durableLsn)
                : old);
        return this;
    }

    Scene without(String host) {
        sources.removeIf(source -> source.host().equals(host));
        return this;
    }

    Scene driverAway() {
        driver = Optional.of(new DriverState.Away());
        return this;
    }

    Scene driverBusy() {
        driver = Optional.of(new DriverState.Busy());
        return this;
    }

    Scene closed() {
        driver = Optional.of(new DriverState.Closed());
        return this;
    }

    Scene openOn(DriverState.Place where) {
        place = where;
        return this;
    }

    Scene notSettled() {
        settled = false;
        return this;
    }

    Scene detached() {
        attached = false;
        return this;
    }

    Scene exportedTo(int count) {
        users = Optional.of(count);
        return this;
    }

    Scene notExported() {
        users = Optional.empty();
        return this;
    }

    Scene newestEpoch(long epoch) {
        newestEpoch = epoch;
        return this;
    }

    Scene at(long endLsn, long replayedLsn) {
        end = endLsn;
        replayed = replayedLsn;
        return this;
    }

    Scene inconsistent() {
        consistent = false;
        return this;
    }

    Scene replayPaused() {
        paused = true;
        return this;
    }

    Scene keepsLogForNobody() {
        peers.clear();
        return this;
    }

    /** The driver knows it to have the log up to there. */
    Scene keepsLogFor(UUID node, long durableLsn) {
        peers.put(node, new DriverState.Peer(durableLsn, false));
        return this;
    }

    Scene serves(UUID node, long durableLsn) {
        peers.put(node, new DriverState.Peer(durableLsn, true));
        return this;
    }

    Scene files(ReplicaFiles value) {
        files = value;
        return this;
    }

    Scene stopped() {
        following = new Following.Stopped();
        return this;
    }

    Scene following(String source, Following.Phase phase) {
        following = new Following.Running(source, phase);
        return this;
    }

    Scene backfilling(Backfilling value) {
        backfilling = value;
        return this;
    }

    Source source(String host) {
        return desired().source(host).orElseThrow();
    }

    List<Action> next() {
        return Reconciler.next(desired(), actual());
    }

    private Desired desired() {
        return new Desired("me", live, role, sealed, epochStart, todo, wantedOptions, sources);
    }

    private Actual actual() {
        DriverState open = new DriverState.Open(
                place,
                settled,
                attached,
                users,
                primary,
                newestEpoch,
                end,
                new LogEnd(replayed, CHAIN),
                consistent,
                paused,
                options,
                peers);
        return new Actual(driver.orElse(open), files, following, lacking, backfilling);
    }

    @Override
    public String toString() {
        return desired() + "\n" + actual();
    }
}
