// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.driver.DriverClient;
import org.tharsis.control.driver.DriverException;
import org.tharsis.control.driver.DriverGone;
import org.tharsis.replication.log.SegmentName;

/**
 * Tells the driver how far a log has come in. What it does not take, it is told again with the next that comes, or when the
 * loop settles the log. One thread at a time.
 */
final class Announcer {
    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);

    private final DriverClient driver;
    private final String resource;
    private long announcedLsn;

    /** @param announcedLsn end of the log, as the driver has it */
    Announcer(DriverClient driver, String resource, long announcedLsn) {
        this.driver = driver;
        this.resource = resource;
        this.announcedLsn = announcedLsn;
    }

    void received(SegmentName segment, long lsn) {
        if (Long.compareUnsigned(lsn, announcedLsn) <= 0) {
            return; // the driver has read it from the files itself
        }
        try {
            driver.received(resource, segment, lsn);
            announcedLsn = lsn;
        } catch (DriverException refused) {
            LOG.warn(
                    "{}: the driver does not take what has come in: {}. It is told again with the next that comes.",
                    resource,
                    refused.getMessage());
        } catch (DriverGone gone) {
            LOG.debug("{}: what has come in waits for the driver: {}", resource, gone.getMessage());
        }
    }
}
