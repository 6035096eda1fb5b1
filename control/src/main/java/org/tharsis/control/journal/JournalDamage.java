// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.journal;

import java.nio.file.Path;

/**
 * Damage that was found when the journal was opened.
 *
 * @param kept directory that holds the damaged file, as it was found
 * @param lastGoodSequence the last entry before the damage; what is behind is not used
 * @param stateMayBeOld the outbox and the view are those of before the damage: what they hold may have been overtaken,
 *     and changes may be missing. Build the outbox anew from the driver
 * @param what one sentence for a person
 */
public record JournalDamage(Path kept, long lastGoodSequence, boolean stateMayBeOld, String what) {}
