// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.time.Instant;
import java.util.Optional;

/**
 * A change of the tree that this node owes.
 *
 * @param number its place in the outbox; give the greatest one that was published to {@link Outbox#published}
 * @param value empty: the key shall go
 * @param since when it was put
 */
public record PendingChange(long number, String key, Optional<String> value, Instant since) {}
