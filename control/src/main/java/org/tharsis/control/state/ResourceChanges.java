// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.Names;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ReplicaRecord;
import org.tharsis.control.model.ResourceIdentity;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;

/** Resources and replicas that come and go, each as one transaction. Refusals are {@link BadValueException}s. Any thread. */
final class ResourceChanges {
    private final TreePaths paths;

    ResourceChanges(TreePaths paths) {
        this.paths = paths;
    }

    Change create(ResourceSpec spec) {
        Names.resource(spec.name());
        String resource = Keys.resource(spec.name());
        ResourceIdentity identity = spec.identity();
        TreeOps ops = new TreeOps(paths)
                .check(Keys.node(spec.primary()), TreeOps.ANY_VERSION)
                .create(resource, "")
                .create(resource + "/uuid", identity.uuid().toString())
                .create(resource + "/size", Long.toString(identity.deviceBytes()))
                .create(resource + "/block", Integer.toString(identity.blockBytes()))
                .create(resource + "/created", Long.toString(identity.createdNs()))
                .create(resource + "/options", "");
        spec.options().values().forEach((option, value) -> ops.create(Keys.option(spec.name(), option), value));
        EpochRecord first = new EpochRecord(spec.primary(), 0, 0, 0, identity.createdNs(), EpochRecord.Kind.PLANNED);
        ops.create(Keys.role(spec.name()), Role.first(spec.primary()).format())
                .create(resource + "/epochs", "")
                .create(Keys.epoch(spec.name(), 1), first.format())
                .create(resource + "/replicas", "");
        replica(ops, spec.name(), spec.primary(), spec.replica());
        return new Change(
                ops.list(),
                0,
                is(resource + "/uuid", identity.uuid().toString()),
                (calls, deadlineNs) -> new Outcome.Lost(
                        Optional.empty(),
                        calls.get(paths.path(resource), deadlineNs).isPresent()
                                ? "there is a resource " + spec.name() + " already"
                                : "node " + spec.primary() + " is not (any more) in the cluster"));
    }

    /** Deletes what is there now: keys that were made since make it fail, and it has to be asked for again. */
    Change delete(ResourceView view, String lastReplica, TreeCalls calls, long deadlineNs)
            throws TreeUnavailableException {
        int version = roleVersion(view);
        view.role().flatMap(role -> role.value().primary()).ifPresent(primary -> {
            throw new BadValueException(view.name() + " has a primary, " + primary + ": make it secondary first");
        });
        Set<String> others = new TreeSet<>(view.replicas().keySet());
        others.remove(lastReplica);
        if (!others.isEmpty()) {
            throw new BadValueException(
                    view.name() + " has replicas at " + String.join(", ", others) + ": they have to leave first");
        }
        String resource = Keys.resource(view.name());
        return delete(resource, new TreeOps(paths).check(Keys.role(view.name()), version), calls, deadlineNs);
    }

    Change resize(ResourceView view, long deviceBytes) {
        ResourceIdentity old = view.identity();
        if (deviceBytes <= old.deviceBytes()) {
            throw new BadValueException(view.name() + " has " + old.deviceBytes()
                    + " bytes already; it can grow, but not shrink to " + deviceBytes);
        }
        ResourceIdentity enlarged = new ResourceIdentity(old.uuid(), deviceBytes, old.blockBytes(), old.createdNs());
        String key = Keys.resource(view.name()) + "/size";
        String size = Long.toString(enlarged.deviceBytes());
        TreeOps ops = new TreeOps(paths)
                .check(Keys.role(view.name()), roleVersion(view))
                .set(key, size, TreeOps.ANY_VERSION);
        return new Change(ops.list(), 0, is(key, size), changed(view.name()));
    }

    Change join(ResourceView view, String host, ReplicaRecord record) {
        TreeOps ops = new TreeOps(paths)
                .check(Keys.node(host), TreeOps.ANY_VERSION)
                .check(Keys.role(view.name()), TreeOps.ANY_VERSION);
        replica(ops, view.name(), host, record);
        String key = Keys.replica(view.name(), host);
        return new Change(
                ops.list(),
                0,
                is(key + "/log", record.log()),
                (calls, deadlineNs) -> new Outcome.Lost(
                        Optional.empty(),
                        calls.get(paths.path(key), deadlineNs).isPresent()
                                ? host + " has a replica of " + view.name() + " already"
                                : "resource " + view.name() + " or node " + host + " is not there any more"));
    }

    Change leave(ResourceView view, String host, TreeCalls calls, long deadlineNs) throws TreeUnavailableException {
        int version = roleVersion(view);
        view.role().ifPresent(role -> {
            if (role.value().isPrimary(host)) {
                throw new BadValueException(host + " is primary of " + view.name() + ": make it secondary first");
            }
            if (role.value().handoverTo().filter(host::equals).isPresent()) {
                throw new BadValueException(host + " is about to become primary of " + view.name());
            }
        });
        if (view.replica(host).isEmpty()) {
            throw new BadValueException(host + " has no replica of " + view.name());
        }
        if (view.replicas().size() == 1) {
            throw new BadValueException(host + " has the last replica of " + view.name() + ": delete the resource");
        }
        TreeOps ops = new TreeOps(paths).check(Keys.role(view.name()), version);
        return delete(Keys.replica(view.name(), host), ops, calls, deadlineNs);
    }

    /** Creates, changes or removes one key below a path that must be there. */
    Change put(String key, Optional<String> text, String parent, TreeCalls calls, long deadlineNs)
            throws TreeUnavailableException {
        Optional<RawValue> old = calls.get(paths.path(key), deadlineNs);
        TreeOps ops = new TreeOps(paths).check(parent, TreeOps.ANY_VERSION);
        int version = 0;
        if (old.isPresent() && text.isPresent()) {
            version = old.get().version() + 1;
            ops.set(key, text.get(), old.get().version());
        } else if (old.isPresent()) {
            ops.delete(key, old.get().version());
        } else if (text.isPresent()) {
            ops.create(key, text.get());
        }
        return new Change(
                ops.list(),
                version,
                (c, deadline) ->
                        c.get(paths.path(key), deadline).map(RawValue::text).equals(text),
                (c, deadline) -> new Outcome.Lost(
                        Optional.empty(),
                        c.get(paths.path(parent), deadline).isPresent()
                                ? "somebody else changed " + key + " at this moment"
                                : "there is no " + parent));
    }

    private Change delete(String key, TreeOps ops, TreeCalls calls, long deadlineNs) throws TreeUnavailableException {
        for (String path : calls.subtree(paths.path(key), deadlineNs)) {
            ops.delete(paths.key(path), TreeOps.ANY_VERSION);
        }
        return new Change(
                ops.list(),
                0,
                (c, deadline) -> c.get(paths.path(key), deadline).isEmpty(),
                (c, deadline) -> new Outcome.Lost(
                        Optional.empty(),
                        c.get(paths.path(key), deadline).isPresent()
                                ? key + " changed at this moment: look at it and try again"
                                : "there is no " + key + " any more"));
    }

    private static void replica(TreeOps ops, String resource, String host, ReplicaRecord record) {
        String key = Keys.replica(resource, Names.node(host));
        ops.create(key, "")
                .create(key + "/disk", record.disk())
                .create(key + "/device", record.device())
                .create(key + "/log", record.log());
        for (String directory : List.of("todo", "actual")) {
            ops.create(key + "/" + directory, "");
        }
    }

    private static int roleVersion(ResourceView view) {
        return view.role()
                .orElseThrow(() -> new BadValueException("the role of " + view.name() + " cannot be read: "
                        + view.problems() + ". Repair this key first"))
                .version();
    }

    private Change.Readback<Boolean> is(String key, String text) {
        return (calls, deadlineNs) -> calls.get(paths.path(key), deadlineNs)
                .filter(value -> value.text().equals(text))
                .isPresent();
    }

    private static Change.Readback<Outcome> changed(String resource) {
        return (calls, deadlineNs) -> new Outcome.Lost(
                Optional.empty(), "the role of " + resource + " changed at this moment: look at it and try again");
    }
}
