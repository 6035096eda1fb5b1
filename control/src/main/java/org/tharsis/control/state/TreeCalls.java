// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.state;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooKeeper;
import org.tharsis.control.model.RawValue;

/**
 * Blocking calls to ZooKeeper that end by a deadline. Questions are asked again after a broken connection; a transaction
 * is sent once, because only its caller can find out what became of it. Any thread but ZooKeeper's own.
 */
final class TreeCalls {
    private static final long PAUSE_MS = 20;

    private final CuratorFramework client;
    private final TreeConfig config;

    TreeCalls(CuratorFramework client, TreeConfig config) {
        this.client = client;
        this.config = config;
    }

    /** What came back of a call. */
    private record Answer<T>(Code code, Optional<T> value) {}

    /** What became of a transaction. */
    sealed interface Reply {
        /** It was done. */
        record Done(List<OpResult> results) implements Reply {}

        /** A check failed, nothing was done. */
        record Failed(Code code) implements Reply {}

        /** No answer: when it was sent, it may have been done, or may still be. */
        record Silent(boolean sent) implements Reply {}
    }

    /** The end of an operation that begins now, in terms of {@link System#nanoTime}. */
    long deadlineNs() {
        return System.nanoTime() + config.operationTimeout().toNanos();
    }

    Optional<RawValue> get(String path, long deadlineNs) throws TreeUnavailableException {
        return ask(
                path,
                deadlineNs,
                (zk, answer) -> zk.getData(
                        path,
                        false,
                        (rc, p, ctx, data, stat) -> answer.complete(new Answer<>(
                                Code.get(rc),
                                rc == Code.OK.intValue()
                                        ? Optional.of(new RawValue(
                                                TreeText.decode(data == null ? new byte[0] : data), stat.getVersion()))
                                        : Optional.empty())),
                        null));
    }

    /** Sorted names; empty when the path is not there. */
    Optional<List<String>> children(String path, long deadlineNs) throws TreeUnavailableException {
        return ask(
                path,
                deadlineNs,
                (zk, answer) -> zk.getChildren(
                        path,
                        false,
                        (rc, p, ctx, names) -> answer.complete(new Answer<>(
                                Code.get(rc),
                                rc == Code.OK.intValue() ? Optional.of(sorted(names)) : Optional.empty())),
                        null));
    }

    /** A path and all below it, children before their parents; empty when it is not there. */
    List<String> subtree(String path, long deadlineNs) throws TreeUnavailableException {
        List<String> paths = new ArrayList<>();
        Optional<List<String>> names = children(path, deadlineNs);
        if (names.isPresent()) {
            for (String name : names.get()) {
                paths.addAll(subtree(path + "/" + name, deadlineNs));
            }
            paths.add(path);
        }
        return paths;
    }

    /** Sends a transaction once. */
    Reply multi(List<Op> ops, long deadlineNs) {
        try {
            ZooKeeper zk = connected(deadlineNs);
            CompletableFuture<Reply> reply = new CompletableFuture<>();
            zk.multi(
                    ops,
                    (rc, path, ctx, results) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            reply.complete(new Reply.Done(results));
                        } else {
                            reply.complete(isBroken(code) ? new Reply.Silent(true) : new Reply.Failed(code));
                        }
                    },
                    null);
            return await(reply, deadlineNs).orElse(new Reply.Silent(true));
        } catch (TreeUnavailableException e) {
            return new Reply.Silent(false);
        }
    }

    private <T> Optional<T> ask(
            String path, long deadlineNs, BiConsumer<ZooKeeper, CompletableFuture<Answer<T>>> question)
            throws TreeUnavailableException {
        while (true) {
            CompletableFuture<Answer<T>> future = new CompletableFuture<>();
            question.accept(connected(deadlineNs), future);
            Optional<Answer<T>> answer = await(future, deadlineNs);
            if (answer.isEmpty()) {
                throw unavailable();
            }
            Code code = answer.get().code();
            if (code == Code.OK || code == Code.NONODE) {
                return answer.get().value();
            }
            if (!isBroken(code)) {
                throw new TreeUnavailableException("ZooKeeper refuses to show " + path + ": " + code);
            }
            pause();
        }
    }

    private ZooKeeper connected(long deadlineNs) throws TreeUnavailableException {
        while (true) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            try {
                if (leftMs <= 0 || !client.blockUntilConnected((int) leftMs, TimeUnit.MILLISECONDS)) {
                    throw unavailable();
                }
                return client.getZookeeperClient().getZooKeeper();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw unavailable();
            } catch (TreeUnavailableException e) {
                throw e;
            } catch (Exception e) {
                // Curator notices here that the connection broke just now.
                pause();
            }
        }
    }

    private static <T> Optional<T> await(CompletableFuture<T> future, long deadlineNs) {
        try {
            return Optional.of(future.get(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException | TimeoutException e) {
            return Optional.empty();
        }
    }

    private TreeUnavailableException unavailable() {
        return new TreeUnavailableException("ZooKeeper at " + config.connectString() + " did not answer within "
                + config.operationTimeout().toMillis() + " ms");
    }

    private static void pause() throws TreeUnavailableException {
        try {
            Thread.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TreeUnavailableException("interrupted while waiting for ZooKeeper");
        }
    }

    private static List<String> sorted(List<String> names) {
        List<String> sorted = new ArrayList<>(names);
        Collections.sort(sorted);
        return sorted;
    }

    /** Does this mean that the outcome is unknown, not that there was one? */
    static boolean isBroken(Code code) {
        return code == Code.CONNECTIONLOSS
                || code == Code.SESSIONEXPIRED
                || code == Code.SESSIONMOVED
                || code == Code.OPERATIONTIMEOUT
                || code == Code.REQUESTTIMEOUT;
    }
}
