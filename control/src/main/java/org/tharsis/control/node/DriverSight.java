// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import org.tharsis.control.driver.ResourceStatus;

/** How a resource is at the driver, as far as this node sees it. */
sealed interface DriverSight {
    /** The driver cannot be reached. */
    record Away(String why) implements DriverSight {}

    /** It has not opened the resource. */
    record Absent() implements DriverSight {}

    /** It has. */
    record Present(ResourceStatus status) implements DriverSight {}
}
