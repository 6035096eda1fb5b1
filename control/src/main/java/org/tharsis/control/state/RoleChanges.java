// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.Optional;
import org.tharsis.control.model.BadValueException;
import org.tharsis.control.model.EpochRecord;
import org.tharsis.control.model.Keys;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.model.ReplicaView;
import org.tharsis.control.model.ResourceView;
import org.tharsis.control.model.Role;
import org.tharsis.control.model.RoleState;
import org.tharsis.control.model.SealedEnd;
import org.tharsis.control.model.Versioned;

/**
 * The transitions of a role, each as one transaction that holds for one version of {@code role} only. What is not
 * possible from the given view is a {@link BadValueException}. Any thread.
 */
final class RoleChanges {
    private final TreePaths paths;

    RoleChanges(TreePaths paths) {
        this.paths = paths;
    }

    Change startHandover(ResourceView view, String to) {
        Versioned<Role> role = role(view);
        String from = primary(view, role.value());
        if (role.value().handoverTo().isPresent()) {
            throw new BadValueException("a handover of " + view.name() + " to "
                    + role.value().handoverTo().get() + " is under way");
        }
        ReplicaView target = replica(view, to);
        RoleChange change = new RoleChange(
                view, role, new Role(role.value().epoch(), Optional.of(from), new RoleState.Handover(to)));
        change.ops.check(Keys.replica(view.name(), to), TreeOps.ANY_VERSION);
        target.health().ifPresent(health -> change.ops.check(Keys.health(view.name(), to), health.version()));
        return change.build("the replica at " + to + " changed at this moment; look at it and try again");
    }

    Change undoHandover(ResourceView view) {
        Versioned<Role> role = role(view);
        if (role.value().handoverTo().isEmpty()) {
            throw new BadValueException("no handover of " + view.name() + " is under way");
        }
        RoleState state = role.value().primary().isPresent() ? new RoleState.Primary() : new RoleState.None();
        return new RoleChange(
                        view, role, new Role(role.value().epoch(), role.value().primary(), state))
                .build("");
    }

    Change seal(ResourceView view, SealedEnd end) {
        Versioned<Role> role = role(view);
        primary(view, role.value());
        if (end.epoch() > role.value().epoch()) {
            throw new BadValueException("a log of epoch " + end.epoch() + " cannot be sealed in epoch "
                    + role.value().epoch());
        }
        RoleState state = role.value().handoverTo().isPresent() ? role.value().state() : new RoleState.None();
        RoleChange change = new RoleChange(view, role, new Role(role.value().epoch(), Optional.empty(), state));
        String key = Keys.sealed(view.name());
        view.sealed()
                .ifPresentOrElse(
                        old -> change.ops.set(key, end.format(), old.version()),
                        () -> change.ops.create(key, end.format()));
        change.proof(key, end.format());
        return change.build("the key sealed changed at this moment; look at it and try again");
    }

    Change promotePlanned(ResourceView view, EpochRecord record) {
        Versioned<Role> role = role(view);
        checkKind(record, EpochRecord.Kind.PLANNED);
        role.value().primary().filter(p -> !p.equals(record.host())).ifPresent(p -> {
            throw new BadValueException(p + " is primary of " + view.name() + ": it has to seal its log first");
        });
        view.sealed()
                .map(Versioned::value)
                .filter(end -> role.value().primary().isEmpty())
                .filter(end -> end.lsn() != record.startLsn() || end.chain() != record.chain())
                .ifPresent(end -> {
                    throw new BadValueException("the log of " + view.name() + " was sealed at LSN "
                            + Long.toUnsignedString(end.lsn()) + "; " + record.host() + " would begin at "
                            + Long.toUnsignedString(record.startLsn()) + " or with another history");
                });
        return promote(view, role, record, new RoleState.Primary());
    }

    Change promoteForced(ResourceView view, EpochRecord record) {
        checkKind(record, EpochRecord.Kind.FORCED);
        return promote(view, role(view), record, new RoleState.Forced());
    }

    private Change promote(ResourceView view, Versioned<Role> role, EpochRecord record, RoleState state) {
        replica(view, record.host());
        if (record.previousEpoch() > role.value().epoch()) {
            throw new BadValueException("an epoch after " + record.previousEpoch() + " cannot follow epoch "
                    + role.value().epoch());
        }
        long epoch = role.value().epoch() + 1;
        RoleChange change = new RoleChange(view, role, new Role(epoch, Optional.of(record.host()), state));
        change.ops.check(Keys.replica(view.name(), record.host()), TreeOps.ANY_VERSION);
        change.ops.create(Keys.epoch(view.name(), epoch), record.format());
        view.sealed().ifPresent(end -> change.ops.delete(Keys.sealed(view.name()), end.version()));
        change.proof(Keys.epoch(view.name(), epoch), record.format());
        return change.build("the resource changed at this moment; look at it and try again");
    }

    private static Versioned<Role> role(ResourceView view) {
        return view.role()
                .orElseThrow(() -> new BadValueException("the role of " + view.name() + " cannot be read: "
                        + view.problems() + ". Repair this key first"));
    }

    private static String primary(ResourceView view, Role role) {
        return role.primary().orElseThrow(() -> new BadValueException(view.name() + " has no primary"));
    }

    private static ReplicaView replica(ResourceView view, String host) {
        return view.replica(host).orElseThrow(() -> new BadValueException(host + " has no replica of " + view.name()));
    }

    private static void checkKind(EpochRecord record, EpochRecord.Kind kind) {
        if (record.kind() != kind) {
            throw new BadValueException("this epoch's beginning is not " + kind);
        }
    }

    /** A transaction that begins with compare-and-set of the role. */
    private final class RoleChange {
        private final ResourceView view;
        private final int roleVersion;
        private final Role wanted;
        private final TreeOps ops = new TreeOps(paths);
        private Optional<String> proofKey = Optional.empty();
        private String proofText = "";

        RoleChange(ResourceView view, Versioned<Role> role, Role wanted) {
            if (role.version() < 0) {
                throw new BadValueException("the version of the role of " + view.name() + " is not known");
            }
            this.view = view;
            this.roleVersion = role.version();
            this.wanted = wanted;
            ops.set(Keys.role(view.name()), wanted.format(), roleVersion);
        }

        /** What is there after this change and no other: the role's text alone could be somebody else's. */
        void proof(String key, String text) {
            proofKey = Optional.of(key);
            proofText = text;
        }

        Change build(String otherwise) {
            return new Change(
                    ops.list(),
                    roleVersion + 1,
                    this::isDone,
                    (calls, deadlineNs) -> lost(calls, deadlineNs, otherwise));
        }

        private boolean isDone(TreeCalls calls, long deadlineNs) throws TreeUnavailableException {
            Optional<RawValue> role = calls.get(paths.path(Keys.role(view.name())), deadlineNs);
            if (!role.equals(Optional.of(new RawValue(wanted.format(), roleVersion + 1)))) {
                return false;
            }
            return proofKey.isEmpty()
                    || calls.get(paths.path(proofKey.get()), deadlineNs)
                            .filter(value -> value.text().equals(proofText))
                            .isPresent();
        }

        private Outcome lost(TreeCalls calls, long deadlineNs, String otherwise) throws TreeUnavailableException {
            Optional<RawValue> raw = calls.get(paths.path(Keys.role(view.name())), deadlineNs);
            if (raw.isEmpty()) {
                return new Outcome.Lost(Optional.empty(), "there is no resource " + view.name() + " any more");
            }
            Optional<Role> current = parse(raw.get().text());
            if (raw.get().version() == roleVersion) {
                return new Outcome.Lost(current, otherwise);
            }
            return new Outcome.Lost(
                    current,
                    "somebody else was faster: the role of " + view.name() + " is now \""
                            + raw.get().text() + "\"");
        }

        private static Optional<Role> parse(String text) {
            try {
                return Optional.of(Role.parse(text));
            } catch (BadValueException e) {
                return Optional.empty();
            }
        }
    }
}
