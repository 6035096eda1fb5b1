// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ActionTest {
    private static final Source SOURCE = new Source("b", new UUID(0, 1), "b.example:7440", true, true, 1, 0);

    @Test
    void everyActionIsToldInASentence() {
        List<Action> all = List.of(
                new Action.Open(),
                new Action.Close(),
                new Action.Attach(),
                new Action.Detach(),
                new Action.Tune(Map.of("log-full", "stop")),
                new Action.Settle(),
                new Action.ResumeReplay(),
                new Action.PauseReplay(),
                new Action.Export(),
                new Action.Unexport(),
                new Action.BecomePrimary(2, 77),
                new Action.BecomeSecondary(),
                new Action.KeepLog(Set.of(new UUID(0, 2))),
                new Action.ConfirmDurable(Map.of(new UUID(0, 2), 77L)),
                new Action.ForgetPeers(Set.of(new UUID(0, 2))),
                new Action.Seal(),
                new Action.RefuseHandover("the device has 1 user"),
                new Action.TakeRole(),
                new Action.RenewRole(),
                new Action.Follow(SOURCE),
                new Action.StopFollowing(),
                new Action.PrepareBackfill(),
                new Action.OpenBackfill(),
                new Action.Backfill(SOURCE),
                new Action.StopBackfill(),
                new Action.DrainBackfill(),
                new Action.FinishBackfill(),
                new Action.AbandonBackfill(),
                new Action.Discard());

        assertThat(all.stream().map(Object::getClass)).containsExactlyInAnyOrder(Action.class.getPermittedSubclasses());
        assertThat(all)
                .allSatisfy(
                        action -> assertThat(action.sentence()).endsWith(".").doesNotContain("["));
    }
}
