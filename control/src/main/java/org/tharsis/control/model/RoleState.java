// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/** What the primary's role is about to become, or how it came about. */
public sealed interface RoleState {
    /** The ordinary state: this host is primary. */
    record Primary() implements RoleState {}

    /**
     * A planned handover is under way. While the role names a primary, that one has not sealed its log yet; when it
     * names none, the log is sealed and any replica that has all of it may finish.
     *
     * @param to the host that shall be the next primary
     */
    record Handover(String to) implements RoleState {
        public Handover {
            Names.node(to);
        }
    }

    /** This host took over by force; what an earlier primary had beyond may be lost. */
    record Forced() implements RoleState {}

    /** There is no primary, and nobody is about to be. */
    record None() implements RoleState {}
}
