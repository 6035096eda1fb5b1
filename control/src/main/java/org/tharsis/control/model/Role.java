// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

import java.util.Optional;

/**
 * The key {@code role}, the one that decides: {@code <epoch> <primary host|none> <primary|handover:<to>|forced|none>}.
 *
 * @param epoch of the newest primary; at least 1
 * @param primary who writes now
 * @param state where the role stands
 */
public record Role(long epoch, Optional<String> primary, RoleState state) {
    private static final String FORM = "<epoch> <primary|none> <primary|handover:HOST|forced|none>";
    private static final String HANDOVER = "handover:";

    public Role {
        primary.ifPresent(Names::node);
        if (epoch < 1) {
            throw new BadValueException("epoch " + epoch + ": at least 1 is expected");
        }
        boolean handover = state instanceof RoleState.Handover;
        if (!handover && primary.isPresent() == state instanceof RoleState.None) {
            throw new BadValueException("a role of state " + word(state)
                    + (primary.isPresent()
                            ? " has no primary, but here is one: " + primary.get()
                            : " has a primary, but here is none"));
        }
        if (state instanceof RoleState.Handover h
                && primary.filter(h.to()::equals).isPresent()) {
            throw new BadValueException("a handover from " + h.to() + " to itself");
        }
    }

    /** The first role of a new resource. */
    public static Role first(String primary) {
        return new Role(1, Optional.of(primary), new RoleState.Primary());
    }

    public static Role parse(String text) {
        Words words = new Words(text, FORM);
        long epoch = words.epoch();
        Optional<String> primary = words.nodeOrNone();
        try {
            return new Role(epoch, primary, state(words));
        } catch (BadValueException e) {
            throw words.bad(e.getMessage());
        }
    }

    /** The text of the key. */
    public String format() {
        return Words.number(epoch) + " " + primary.orElse(Names.NONE) + " " + word(state);
    }

    /** Is this host the primary now, a handover that has not been sealed included? */
    public boolean isPrimary(String host) {
        return primary.filter(host::equals).isPresent();
    }

    /** The host that a handover under way goes to. */
    public Optional<String> handoverTo() {
        return state instanceof RoleState.Handover h ? Optional.of(h.to()) : Optional.empty();
    }

    private static RoleState state(Words words) {
        String word = words.word();
        return switch (word) {
            case "primary" -> new RoleState.Primary();
            case "forced" -> new RoleState.Forced();
            case "none" -> new RoleState.None();
            default -> {
                if (!word.startsWith(HANDOVER)) {
                    throw new BadValueException("state " + Names.shown(word) + " is unknown");
                }
                yield new RoleState.Handover(word.substring(HANDOVER.length()));
            }
        };
    }

    private static String word(RoleState state) {
        if (state instanceof RoleState.Handover handover) {
            return HANDOVER + handover.to();
        }
        return state instanceof RoleState.Primary ? "primary" : state instanceof RoleState.Forced ? "forced" : "none";
    }
}
