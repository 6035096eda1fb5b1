// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.control.driver.ReplicaRole;
import org.tharsis.control.driver.ResourceStatus;

class WatchedResourceTest {
    private final WatchedResource watched = new WatchedResource(new DriverClient(Path.of("nowhere.sock")), "vol0");
    private final List<DriverSight> told = new ArrayList<>();

    private static ResourceStatus status(long change) {
        return new ResourceStatus(
                "vol0",
                ResourceStatus.State.OPENING,
                change,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                ReplicaRole.CLOSED,
                Optional.empty(),
                Optional.empty(),
                List.of());
    }

    @Test
    void anOlderStatusThatComesLaterIsNotBelieved() {
        watched.onChange(told::add);
        watched.changed(status(7));
        watched.changed(status(6));
        assertThat(watched.status()).contains(status(7));
        assertThat(told).containsExactly(new DriverSight.Present(status(7)));
        watched.changed(status(8));
        assertThat(watched.status()).contains(status(8));
    }

    @Test
    void aStatusFromBeforeTheDriverWasGoneIsNotBelievedAfterwards() {
        watched.changed(status(7));
        watched.gone(new DriverGone("the driver is gone", new java.io.IOException()));
        watched.changed(status(6));
        assertThat(watched.sight()).isInstanceOf(DriverSight.Away.class);
        watched.changed(status(7));
        assertThat(watched.status()).contains(status(7));
    }

    @Test
    void aDriverThatTellsNoNumbersIsBelieved() {
        watched.changed(status(0));
        watched.changed(status(0));
        assertThat(watched.status()).contains(status(0));
    }
}
