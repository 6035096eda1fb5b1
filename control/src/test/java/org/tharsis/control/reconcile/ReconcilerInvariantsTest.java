// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever a replica may be in, and whatever the tree may say: these hold. */
class ReconcilerInvariantsTest {
    private static final int SCENES = 100_000;
    private static final List<String> ROLES = List.of(
            "4 me primary",
            "5 me primary",
            "6 me primary",
            "6 me forced",
            "5 me handover:other",
            "5 none handover:me",
            "5 none handover:other",
            "5 none none",
            "5 other primary",
            "6 other forced",
            "5 other handover:me",
            "6 third handover:other");

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    private <T> T any(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private boolean maybe() {
        return random.nextBoolean();
    }

    private Scene scene() {
        Scene scene = maybe() ? Scene.primary() : Scene.secondary();
        scene.role(any(ROLES));
        scene.todo(new Todo(maybe(), maybe(), maybe(), maybe(), maybe(), maybe()));
        scene.at(1000, any(List.of(900L, 1000L))).newestEpoch(any(List.of(4L, 5L, 6L)));
        scene.files(any(List.of(ReplicaFiles.values())));
        scene.openOn(any(List.of(DriverState.Place.values())));
        scene.following(any(List.of("other", "third")), any(List.of(Following.Phase.values())));
        scene.backfilling(any(List.of(
                new Backfilling.Stopped(),
                new Backfilling.Running("other"),
                new Backfilling.Complete(),
                new Backfilling.Impossible("gone"))));
        List<Runnable> changes = List.of(
                scene::seenBefore,
                scene::roleDamaged,
                scene::stopped,
                scene::closed,
                scene::driverAway,
                scene::driverBusy,
                scene::detached,
                scene::notExported,
                scene::inconsistent,
                scene::replayPaused,
                scene::notSettled,
                () -> scene.sealedAt(1000),
                () -> scene.exportedTo(random.nextInt(3)),
                scene::keepsLogForNobody,
                () -> scene.keepsLogFor(Scene.THIRD, any(List.of(0L, 900L, 2000L))),
                () -> scene.serves(Scene.OTHER, 900),
                () -> scene.without("third"),
                () -> scene.wants("log-full", "drop"));
        for (Runnable change : changes) {
            if (random.nextInt(4) == 0) {
                change.run();
            }
        }
        return scene;
    }

    /** {@code next} checks its own answer, and throws; here it is only made to answer often. */
    @Test
    void noSceneLeadsToAPrimaryWithoutTheRoleOrToDataThatIsDropped() {
        int answers = 0;
        for (int i = 0; i < SCENES; i++) {
            Scene scene = scene();
            List<Action> actions;
            try {
                actions = scene.next();
            } catch (IllegalStateException broken) {
                throw new AssertionError("seed " + seed + ", scene " + i, broken);
            }
            answers += actions.size();
        }
        assertThat(answers).as("seed " + seed).isGreaterThan(SCENES / 2);
    }

    @Test
    void theSameSceneGetsTheSameAnswer() {
        for (int i = 0; i < 1000; i++) {
            Scene scene = scene();
            assertThat(scene.next()).as("seed " + seed + ", scene " + i).isEqualTo(scene.next());
        }
    }
}
