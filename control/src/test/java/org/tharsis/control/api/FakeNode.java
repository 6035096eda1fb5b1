// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** A node without anything behind it: notes what it is told and answers what a test has set. */
public final class FakeNode implements NodeCommands {
    public static final UUID NODE = new UUID(1, 1);
    public static final UUID CLUSTER = new UUID(2, 2);

    public final List<Object> told = new CopyOnWriteArrayList<>();
    public volatile BiFunction<Command, Caller, Outcome<Changed>> answer =
            (command, caller) -> Outcome.done(new Changed("done"));
    public volatile Outcome<ViewReport> view = Outcome.refused("there is nothing to be seen", "look elsewhere");
    public volatile List<Event> events = List.of();
    public volatile Optional<Outcome<ClusterReport>> cluster = Optional.empty();

    private Outcome<Changed> tell(Command command, Caller caller) {
        told.add(command);
        return answer.apply(command, caller);
    }

    private Outcome<ClusterReport> cluster(Command command) {
        told.add(command);
        return cluster.orElseGet(
                () -> Outcome.done(new ClusterReport("test", CLUSTER, "alpha", NODE, "127.0.0.1:7441")));
    }

    @Override
    public VersionReport version() {
        return new VersionReport("alpha", Optional.of(NODE), "0.1.0", Optional.empty(), Optional.of("test"));
    }

    @Override
    public Outcome<ClusterReport> createCluster(Command.CreateCluster command, Caller caller) {
        return cluster(command);
    }

    @Override
    public Outcome<TokenReport> token() {
        return Outcome.done(new TokenReport("tharsis-abc", 1_700_000_000_000L));
    }

    @Override
    public Outcome<ClusterReport> joinCluster(Command.JoinCluster command, Caller caller) {
        return cluster(command);
    }

    @Override
    public Outcome<Changed> createResource(Command.CreateResource command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> joinResource(Command.JoinResource command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> leaveResource(Command.LeaveResource command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> primary(Command.Primary command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> secondary(Command.Secondary command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> invalidate(Command.Invalidate command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> todo(Command.Switch command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<Changed> waitResource(Command.WaitResource command, Caller caller) {
        return tell(command, caller);
    }

    @Override
    public Outcome<ViewReport> view(Optional<String> resource) {
        told.add(resource);
        return view;
    }

    @Override
    public Outcome<TreeEntry> get(String key) {
        return Outcome.done(new TreeEntry(key, "1 alpha primary", 3));
    }

    @Override
    public Outcome<Changed> set(Command.SetKey command) {
        told.add(command);
        return Outcome.done(new Changed("set"));
    }

    @Override
    public Outcome<List<String>> list(Optional<String> key) {
        told.add(key);
        return Outcome.done(List.of("alive", "nodes", "resources"));
    }

    @Override
    public Outcome<Changed> events(long sinceMs, boolean follow, Consumer<Event> sink, Caller caller) {
        told.add(Map.of("sinceMs", sinceMs, "follow", follow));
        events.forEach(sink);
        return Outcome.done(new Changed("these were all"));
    }
}
