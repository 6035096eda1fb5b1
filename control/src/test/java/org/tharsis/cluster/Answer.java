// SPDX-License-Identifier: Apache-2.0
package org.tharsis.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What a command of the command line has answered. */
record Answer(String command, int exitStatus, String output, String error) {
    /** Done; nothing was to be done; or what it is that went wrong is why the test fails. */
    Answer succeeds() {
        if (exitStatus != 0) {
            throw new AssertionError(this);
        }
        return this;
    }

    /** The standard output of a command with --json. */
    JsonNode json() {
        try {
            return new ObjectMapper().readTree(output);
        } catch (JsonProcessingException notJson) {
            throw new AssertionError(this.toString(), notJson);
        }
    }

    @Override
    public String toString() {
        return command + ": exit status " + exitStatus + "\n" + output + error;
    }
}
