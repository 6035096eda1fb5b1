// SPDX-License-Identifier: Apache-2.0
/**
 * What to do next about one replica: a pure function of what is wanted ({@link org.tharsis.control.reconcile.Desired}: the
 * tree's facts) and what is ({@link org.tharsis.control.reconcile.Actual}: driver, files, follower), to a list of actions.
 *
 * <p>It decides and does nothing: no I/O, no clock, no threads, no memory between two calls. Whoever does the actions asks
 * again afterwards, and whenever something has changed; so every action may fail or be interrupted anywhere, and what is
 * missing is decided again from what is then.
 *
 * <p>May use: the JDK.
 */
package org.tharsis.control.reconcile;
