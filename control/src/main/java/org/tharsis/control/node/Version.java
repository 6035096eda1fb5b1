// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import java.util.Optional;

/** Which Tharsis this is. */
final class Version {
    /** As the jar says; classes that were not packaged have none. */
    static final String TEXT = Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
            .orElse("unpackaged");

    private Version() {}
}
