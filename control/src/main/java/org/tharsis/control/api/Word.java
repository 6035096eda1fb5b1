// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** A constant that JSON and people write as a word: {@code CAUGHT_UP} is {@code caught-up}. */
interface Word {
    String name();

    @JsonValue
    default String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
