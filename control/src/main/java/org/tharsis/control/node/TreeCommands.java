// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.List;
import java.util.Optional;
import org.tharsis.control.api.Changed;
import org.tharsis.control.api.Command;
import org.tharsis.control.api.TreeEntry;
import org.tharsis.control.model.RawValue;
import org.tharsis.control.state.TreeUnavailableException;

/** The raw tree, for those who look closely. */
final class TreeCommands {
    private final Member member;

    TreeCommands(Member member) {
        this.member = member;
    }

    TreeEntry get(String key) throws CommandFailed {
        try {
            RawValue value = member.tree()
                    .get(key)
                    .orElseThrow(() -> CommandFailed.refused(
                            "there is no key " + key + " with a value", "'tharsis ls' shows the keys"));
            return new TreeEntry(key, value.text(), value.version());
        } catch (TreeUnavailableException away) {
            throw unreachable(away);
        }
    }

    List<String> list(Optional<String> key) throws CommandFailed {
        try {
            return member.tree()
                    .list(key.orElse(""))
                    .orElseThrow(() -> CommandFailed.refused(
                            "there is no key " + key.orElse(""),
                            "'tharsis ls' without a key shows the cluster's root"));
        } catch (TreeUnavailableException away) {
            throw unreachable(away);
        }
    }

    Changed set(Command.SetKey command) throws CommandFailed {
        CommandFailed.unlessDone(member.tree().set(command.key(), command.value()));
        return new Changed(command.key() + " is set.");
    }

    private static CommandFailed unreachable(TreeUnavailableException away) {
        return CommandFailed.unreachable(
                String.valueOf(away.getMessage()), "'tharsis view' shows what this node knew last");
    }
}
