// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.tharsis.control.reconcile.DriverState.Place;
import org.tharsis.control.reconcile.Following.Phase;

class ReconcilerTest {
    private static final Todo NO_FETCH = new Todo(true, false, true, true, false, false);
    private static final Todo NO_REPLAY = new Todo(true, true, false, true, false, false);
    private static final Todo NO_SYNC = new Todo(true, true, true, false, false, false);
    private static final Todo NO_ATTACH = new Todo(false, true, true, true, false, false);
    private static final Todo INVALIDATE = new Todo(true, true, true, true, true, false);
    private static final Todo DISCONNECT_USERS = new Todo(true, true, true, true, false, true);

    private static void expect(Scene scene, Action... actions) {
        assertThat(scene.next()).as(scene.toString()).containsExactly(actions);
    }

    @Test
    void nothingIsDoneWhenEverythingIsAsItShouldBe() {
        expect(Scene.secondary());
        expect(Scene.primary());
    }

    @Nested
    class StepsDown {
        @Test
        void beforeAnythingElseWhenThereIsAHigherEpoch() {
            expect(
                    Scene.primary().role("6 other forced").wants("segment-bytes", "65536"),
                    new Action.BecomeSecondary(),
                    new Action.Unexport());
        }

        @Test
        void withUsersOnItsDevice() {
            expect(
                    Scene.primary().role("6 other primary").exportedTo(3),
                    new Action.BecomeSecondary(),
                    new Action.Unexport());
        }

        @Test
        void evenByAViewOfBefore() {
            expect(Scene.primary().role("6 other forced").seenBefore().notExported(), new Action.BecomeSecondary());
        }

        @Test
        void whenItsOwnEpochWasSealed() {
            expect(Scene.primary().role("5 none none").notExported(), new Action.BecomeSecondary());
        }

        @Test
        void notForALowerEpochOfAnOldView() {
            expect(Scene.primary().role("4 other primary").seenBefore());
        }

        @Test
        void notWhenTheRoleCannotBeRead() {
            expect(Scene.primary().roleDamaged());
        }
    }

    @Nested
    class PutsTogether {
        @Test
        void aClosedReplica() {
            expect(Scene.secondary().closed().stopped(), new Action.Open());
        }

        @Test
        void aReplicaOnlyWhenNobodyAppendsToItsLog() {
            expect(Scene.secondary().closed(), new Action.StopFollowing());
        }

        @Test
        void aReplicaThatIsStillOpenOnItsBackfill() {
            expect(Scene.secondary().openOn(Place.BACKFILL).stopped(), new Action.Close());
        }

        @Test
        void optionsFirst() {
            expect(
                    Scene.secondary()
                            .detached()
                            .wants("log-full", "drop")
                            .wants("durability-remote", "1")
                            .has("log-full", "stop")
                            .has("durability-remote", "1"),
                    new Action.Tune(Map.of("log-full", "drop")));
        }

        @Test
        void anOlderDriverIsNotAskedForAnOptionThatItDoesNotKnow() {
            expect(Scene.secondary()
                    .wants("log-sync-ms", "10")
                    .wants("log-full", "stop")
                    .has("log-full", "stop")
                    .following("other", Phase.FOLLOWING));
        }

        @Test
        void whatStandsInTheLogDirectory() {
            expect(Scene.secondary().stopped().notSettled(), new Action.Settle());
        }

        @Test
        void itsDisk() {
            expect(Scene.secondary().detached(), new Action.Attach());
        }

        @Test
        void withoutItsDiskWhenThatIsWanted() {
            expect(Scene.secondary().todo(NO_ATTACH), new Action.Detach());
        }

        @Test
        void nothingUnderANameThatSomebodyElseUses() {
            expect(Scene.secondary().openOn(Place.FOREIGN).stopped());
        }

        @Test
        void nothingWhileTheDriverIsBusy() {
            expect(Scene.secondary().driverBusy().stopped());
        }

        @Test
        void nothingOfALogThatLacksItsMetaFile() {
            expect(Scene.secondary().closed().stopped().files(ReplicaFiles.DAMAGED));
        }
    }

    @Nested
    class WithoutTheDriver {
        @Test
        void nothingIsFetched() {
            expect(Scene.secondary().driverAway(), new Action.StopFollowing());
        }

        @Test
        void noBackfillRuns() {
            expect(
                    Scene.secondary()
                            .driverAway()
                            .stopped()
                            .files(ReplicaFiles.BACKFILLING)
                            .backfilling(new Backfilling.Running("other")),
                    new Action.StopBackfill());
        }

        @Test
        void nothingElseIsDone() {
            expect(Scene.secondary().driverAway().stopped());
        }
    }

    @Nested
    class BecomesPrimary {
        @Test
        void whenTheRoleNamesItWithANewEpoch() {
            expect(Scene.secondary().role("6 me primary").stopped(), new Action.BecomePrimary(6, Scene.CHAIN));
            expect(Scene.secondary().role("6 me forced").stopped(), new Action.BecomePrimary(6, Scene.CHAIN));
        }

        @Test
        void andKeepsItsLogForAllBeforeItWrites() {
            expect(
                    Scene.secondary().role("6 me forced").stopped().keepsLogForNobody(),
                    new Action.KeepLog(Set.of(Scene.OTHER, Scene.THIRD)),
                    new Action.BecomePrimary(6, Scene.CHAIN));
        }

        @Test
        void afterItHasStoppedFollowing() {
            expect(Scene.secondary().role("6 me primary"), new Action.StopFollowing());
        }

        @Test
        void notByAViewOfBefore() {
            expect(Scene.secondary().role("6 me primary").stopped().seenBefore());
        }

        @Test
        void notWhileItIsInconsistent() {
            expect(Scene.secondary().role("6 me primary").stopped().inconsistent());
        }

        @Test
        void withItsDiskAndReplayWhateverWasSwitchedOff() {
            expect(Scene.secondary().role("6 me primary").stopped().detached().todo(NO_ATTACH), new Action.Attach());
            expect(
                    Scene.secondary()
                            .role("6 me primary")
                            .stopped()
                            .replayPaused()
                            .todo(NO_REPLAY),
                    new Action.ResumeReplay());
        }

        @Test
        void inTheNextEpochWhenItsDriverWasRestarted() {
            expect(Scene.secondary().role("5 me primary").stopped(), new Action.RenewRole());
        }

        @Test
        void notWithoutZooKeeperWhenItsDriverWasRestarted() {
            expect(Scene.secondary().role("5 me primary").stopped().seenBefore());
        }

        @Test
        void andThenShowsItsDevice() {
            expect(Scene.primary().notExported(), new Action.Export());
            expect(Scene.primary().notExported().seenBefore(), new Action.Export());
        }
    }

    @Nested
    class HandsOver {
        @Test
        void byTakingTheDeviceAwayAndSealing() {
            expect(
                    Scene.primary().role("5 me handover:other"),
                    new Action.Unexport(),
                    new Action.BecomeSecondary(),
                    new Action.Seal());
        }

        @Test
        void notWhileTheDeviceHasUsers() {
            expect(
                    Scene.primary().role("5 me handover:other").exportedTo(2),
                    new Action.RefuseHandover(
                            "the device has 2 users here: other becomes primary when they have ended, or may be"
                                    + " disconnected"));
        }

        @Test
        void fromUnderItsUsersWhenThatIsAllowed() {
            expect(
                    Scene.primary().role("5 me handover:other").exportedTo(2).todo(DISCONNECT_USERS),
                    new Action.Unexport(),
                    new Action.BecomeSecondary(),
                    new Action.Seal());
        }

        @Test
        void notByAViewOfBefore() {
            expect(Scene.primary().role("5 me handover:other").seenBefore());
        }

        @Test
        void bySealingWhenItWasInterruptedAfterItBecameSecondary() {
            expect(Scene.secondary().role("5 me handover:other").stopped(), new Action.Seal());
        }

        @Test
        void andKeepsItsLogUntilThereIsAnotherPrimary() {
            expect(Scene.secondary()
                    .role("5 none handover:other")
                    .sealedAt(1000)
                    .stopped());
        }

        @Test
        void andThenFollowsTheNewPrimary() {
            Scene scene = Scene.secondary().role("6 other primary").stopped();
            expect(scene, new Action.Follow(scene.source("other")));
        }
    }

    @Nested
    class TakesOver {
        @Test
        void whenItHasAllThatWasSealed() {
            expect(Scene.secondary().role("5 none handover:me").sealedAt(1000).stopped(), new Action.TakeRole());
        }

        @Test
        void afterItHasStoppedFollowing() {
            expect(Scene.secondary().role("5 none handover:me").sealedAt(1000), new Action.StopFollowing());
        }

        @Test
        void notBeforeItHasAll() {
            expect(Scene.secondary().role("5 none handover:me").sealedAt(2000));
            expect(Scene.secondary().role("5 none handover:me").sealedAt(1000).at(1000, 900));
        }

        @Test
        void notWithAnotherHistory() {
            expect(Scene.secondary().role("5 none handover:me").sealedAt(1000, 0xbad));
        }

        @Test
        void notByAViewOfBefore() {
            expect(Scene.secondary().role("5 none handover:me").sealedAt(1000).seenBefore());
        }

        @Test
        void notFromAPrimaryThatHasNotSealed() {
            expect(Scene.secondary().role("5 other handover:me"));
        }

        @Test
        void andReplaysWhatItHasForIt() {
            expect(
                    Scene.secondary()
                            .role("5 none handover:me")
                            .sealedAt(1000)
                            .at(1000, 900)
                            .replayPaused()
                            .todo(NO_REPLAY),
                    new Action.ResumeReplay());
        }
    }

    @Nested
    class Follows {
        @Test
        void thePrimary() {
            Scene scene = Scene.secondary().stopped();
            expect(scene, new Action.Follow(scene.source("other")));
        }

        @Test
        void nobodyWhenThatIsSwitchedOff() {
            expect(Scene.secondary().todo(NO_FETCH), new Action.StopFollowing());
            expect(Scene.secondary().stopped().todo(NO_FETCH));
        }

        @Test
        void theFurthestOtherWhenThePrimaryIsDead() {
            Scene scene = Scene.secondary()
                    .stopped()
                    .source("other", false, true, 2000)
                    .source("third", true, true, 1500);
            expect(scene, new Action.Follow(scene.source("third")));
        }

        @Test
        void noneThatHasNotMore() {
            Scene scene = Scene.secondary().stopped().source("other", false, true, 2000);
            expect(scene, new Action.Follow(scene.source("other")));
            expect(Scene.secondary().role("5 none none").sealedAt(1000).stopped());
        }

        @Test
        void noneThatHasDiverged() {
            expect(Scene.secondary()
                    .role("5 none none")
                    .sealedAt(1000)
                    .stopped()
                    .source("third", true, false, 5000));
        }

        @Test
        void aSourceThatWorksThoughItsNodeSeemsDead() {
            expect(Scene.secondary().source("other", false, true, 1000).source("third", true, true, 9000));
            expect(Scene.secondary().seenBefore().source("other", false, true, 1000));
        }

        @Test
        void thePrimaryAgainWhenItIsBack() {
            expect(Scene.secondary().following("third", Phase.FOLLOWING), new Action.StopFollowing());
        }

        @Test
        void anotherOneWhileThePrimaryLacksTheLogThatIsNeededNext() {
            expect(
                    Scene.secondary()
                            .following("other", Phase.GONE)
                            .lacks("other", 1500)
                            .source("third", true, true, 2000),
                    new Action.StopFollowing());
            Scene scene = Scene.secondary().stopped().lacks("other", 1500).source("third", true, true, 2000);
            expect(scene, new Action.Follow(scene.source("third")));
            expect(Scene.secondary()
                    .following("third", Phase.FOLLOWING)
                    .lacks("other", 1500)
                    .source("third", true, true, 2000));
        }

        @Test
        void thePrimaryAgainWhenNobodyElseHasIt() {
            expect(Scene.secondary()
                    .following("other", Phase.GONE)
                    .lacks("other", 1500)
                    .lacks("third", 1200)
                    .source("third", true, true, 2000));
        }

        @Test
        void thePrimaryAgainWhenItHasWhatIsNeededNow() {
            expect(
                    Scene.secondary()
                            .following("third", Phase.FOLLOWING)
                            .lacks("other", 1000)
                            .source("third", true, true, 2000),
                    new Action.StopFollowing());
        }

        @Test
        void theNewPrimary() {
            expect(Scene.secondary().role("6 third forced"), new Action.StopFollowing());
        }

        @Test
        void whoItFollowsWhenTheRoleCannotBeRead() {
            expect(Scene.secondary().roleDamaged());
        }

        @Test
        void onlyWithoutAnExport() {
            expect(Scene.secondary().exportedTo(0), new Action.Unexport());
        }

        @Test
        void withReplayAsItIsWanted() {
            expect(Scene.secondary().todo(NO_REPLAY), new Action.PauseReplay());
            expect(Scene.secondary().replayPaused(), new Action.ResumeReplay());
        }
    }

    @Nested
    class WhenDiverged {
        @Test
        void nothingIsCutOrThrownAway() {
            expect(Scene.secondary()
                    .following("other", Phase.DIVERGED)
                    .role("6 other forced")
                    .at(5000, 5000));
        }

        @Test
        void invalidateStopsClosesAndThenThrowsTheLogAway() {
            expect(Scene.secondary().following("other", Phase.DIVERGED).todo(INVALIDATE), new Action.StopFollowing());
            expect(Scene.secondary().stopped().todo(INVALIDATE), new Action.Close());
            expect(Scene.secondary().stopped().closed().todo(INVALIDATE), new Action.Discard());
        }

        @Test
        void invalidateAlsoHelpsALogWithoutItsMetaFile() {
            expect(
                    Scene.secondary()
                            .stopped()
                            .closed()
                            .files(ReplicaFiles.DAMAGED)
                            .todo(INVALIDATE),
                    new Action.Discard());
        }

        @Test
        void aPrimaryIsNotInvalidated() {
            expect(Scene.primary().todo(INVALIDATE));
            expect(Scene.secondary().role("5 none none").sealedAt(1000).todo(INVALIDATE));
        }

        @Test
        void nothingIsInvalidatedByAViewOfBefore() {
            expect(Scene.secondary().todo(INVALIDATE).seenBefore());
        }
    }

    @Nested
    class Backfills {
        private Scene fresh() {
            return Scene.secondary().stopped().closed().files(ReplicaFiles.NONE);
        }

        private Scene begun() {
            return Scene.secondary().stopped().files(ReplicaFiles.BACKFILLING).openOn(Place.BACKFILL);
        }

        @Test
        void aReplicaThatHasNothing() {
            expect(fresh(), new Action.PrepareBackfill());
        }

        @Test
        void onlyWhenThereIsAPrimary() {
            expect(fresh().role("5 none none").sealedAt(1000));
        }

        @Test
        void onlyWhenItIsWanted() {
            expect(fresh().todo(NO_SYNC));
            expect(begun().todo(NO_SYNC).backfilling(new Backfilling.Running("other")), new Action.StopBackfill());
        }

        @Test
        void neverOverAPrimaryThatHasLostItsLog() {
            expect(fresh().role("5 me primary"));
        }

        @Test
        void withItsOwnLogOpenAndTheDiskAttached() {
            expect(begun().closed(), new Action.OpenBackfill());
            expect(begun().detached(), new Action.Attach());
            Scene ready = begun();
            expect(ready, new Action.Backfill(ready.source("other")));
        }

        @Test
        void andLeavesItAlone() {
            expect(begun().backfilling(new Backfilling.Running("other")));
        }

        @Test
        void fromTheNewPrimary() {
            expect(
                    begun().role("6 third primary").backfilling(new Backfilling.Running("other")),
                    new Action.StopBackfill());
        }

        @Test
        void onlyWhileItsLogIsOpen() {
            expect(begun().closed().backfilling(new Backfilling.Running("other")), new Action.StopBackfill());
        }

        @Test
        void andThenDrainsAndPutsTheLogInItsPlace() {
            expect(begun().backfilling(new Backfilling.Complete()), new Action.DrainBackfill());
            expect(begun().closed().files(ReplicaFiles.BACKFILLED), new Action.FinishBackfill());
        }

        @Test
        void againWhenItWasInterruptedWhileItDrained() {
            Scene scene = begun().backfilling(new Backfilling.Stopped());
            expect(scene, new Action.Backfill(scene.source("other")));
        }

        @Test
        void anewWhenItCannotGoOn() {
            Backfilling impossible = new Backfilling.Impossible("the log from there is gone");
            expect(begun().backfilling(impossible), new Action.Close());
            expect(begun().closed().backfilling(impossible), new Action.AbandonBackfill());
        }
    }

    @Nested
    class KeepsLog {
        private static final String LIMIT = "log-limit-bytes";

        @Test
        void forAllReplicasWhateverItsRoleIs() {
            expect(Scene.primary().keepsLogForNobody(), new Action.KeepLog(Set.of(Scene.OTHER, Scene.THIRD)));
            expect(Scene.secondary().keepsLogForNobody(), new Action.KeepLog(Set.of(Scene.OTHER, Scene.THIRD)));
        }

        @Test
        void alsoForDeadOnes() {
            expect(
                    Scene.primary().keepsLogForNobody().without("other").source("third", false, true, 500),
                    new Action.KeepLog(Set.of(Scene.THIRD)));
        }

        @Test
        void alsoByAViewOfBefore() {
            expect(
                    Scene.primary().keepsLogForNobody().seenBefore(),
                    new Action.KeepLog(Set.of(Scene.OTHER, Scene.THIRD)));
        }

        @Test
        void notForThoseThatNeedABackfillAnyway() {
            expect(Scene.primary().keepsLogForNobody().without("other").source("third", true, false, 500));
        }

        @Test
        void noMoreForReplicasThatLeft() {
            expect(Scene.primary().without("third"), new Action.ForgetPeers(Set.of(Scene.THIRD)));
            expect(Scene.secondary().without("third"), new Action.ForgetPeers(Set.of(Scene.THIRD)));
            expect(Scene.primary().without("third").seenBefore());
            expect(Scene.primary().without("third").serves(Scene.THIRD, 1000));
        }

        @Test
        void asASecondaryOnlyUpToTheLimitOfItsLog() {
            Scene far = Scene.secondary().at(9000, 9000).wants(LIMIT, "5000").source("third", false, true, 1000);
            expect(far, new Action.ForgetPeers(Set.of(Scene.OTHER, Scene.THIRD)));
            expect(far.source("other", true, true, 9000), new Action.ForgetPeers(Set.of(Scene.THIRD)));
            expect(far.keepsLogForNobody(), new Action.KeepLog(Set.of(Scene.OTHER)));
            expect(far.wants(LIMIT, "8000").keepsLogFor(Scene.OTHER, 9000), new Action.KeepLog(Set.of(Scene.THIRD)));
        }

        @Test
        void asAPrimaryAsTheDriverIsTold() {
            Scene far = Scene.primary().at(9000, 9000).wants(LIMIT, "5000").wants("segment-bytes", "9000");
            expect(far);
            expect(far.keepsLogForNobody(), new Action.KeepLog(Set.of(Scene.OTHER, Scene.THIRD)));
        }

        @Test
        void fromWhereTheOthersSayThatTheyHaveIt() {
            Scene scene = Scene.secondary().at(9000, 9000).source("third", true, true, 5000);
            expect(scene, new Action.ConfirmDurable(Map.of(Scene.THIRD, 5000L)));
            expect(scene.wants("segment-bytes", "4000"));
            expect(scene.wants("segment-bytes", "3999"), new Action.ConfirmDurable(Map.of(Scene.THIRD, 5000L)));
        }

        @Test
        void andOfThoseThatHaveMoreItTellsNotMoreThanItHasItself() {
            expect(
                    Scene.secondary().at(2000, 2000).source("third", true, true, 5000),
                    new Action.ConfirmDurable(Map.of(Scene.THIRD, 2000L)));
        }

        @Test
        void andTakesNothingOfAnotherEpochForItsOwnLog() {
            expect(Scene.secondary().at(9000, 9000).sourceIn(4, "third", 5000));
            expect(Scene.secondary().at(9000, 9000).sourceIn(6, "third", 5000));
        }

        @Test
        void andWhoIsServedSaysItItself() {
            expect(Scene.primary().at(9000, 9000).serves(Scene.THIRD, 1000).source("third", true, true, 5000));
            expect(Scene.secondary().at(9000, 9000).serves(Scene.THIRD, 1000).source("third", true, true, 5000));
        }

        @Test
        void andThePrimaryIsServedByNobodyAnyMore() {
            Scene before =
                    Scene.secondary().at(9000, 9000).serves(Scene.OTHER, 1000).source("other", true, true, 5000);
            expect(before, new Action.ConfirmDurable(Map.of(Scene.OTHER, 5000L)));
            expect(before.seenBefore());
        }

        @Test
        void butOnlyForAsManyAsADriverCan() {
            Scene scene = Scene.primary().keepsLogForNobody();
            for (int node = 100; node < 116; node++) {
                scene.serves(new UUID(1, node), 0);
            }
            expect(scene);
        }
    }
}
