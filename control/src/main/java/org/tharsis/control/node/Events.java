// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.node;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.journal.HistoryEntry;
import org.tharsis.control.journal.Journal;
import org.tharsis.control.state.StateTree;

/** Tells what has happened to all who may want to know: the log, this node's journal, the cluster. Any thread may call. */
final class Events {
    private static final Logger LOG = LoggerFactory.getLogger(Events.class);

    private final Journal journal;
    private final StateTree tree;

    Events(Journal journal, StateTree tree) {
        this.journal = journal;
        this.tree = tree;
    }

    /** Something that everybody should know. */
    void tell(String kind, String resource, String text) {
        LOG.info("{}: {}", resource, text);
        journal.history().record(HistoryEntry.Event.of(kind, resource, text));
        tree.addEvent(resource + ": " + text);
    }

    /** Something that concerns this node only. */
    void note(String kind, String text) {
        LOG.info("{}", text);
        journal.history().record(HistoryEntry.Event.ofNode(kind, text));
    }
}
