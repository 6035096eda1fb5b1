// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tharsis.control.model.BadValueException;

/** Which request calls which method of {@link NodeCommands}. Immutable. */
final class Routes {
    /** A request, taken apart. */
    record Request(Map<String, List<String>> query, String body) {
        Optional<String> parameter(String name) {
            return Optional.ofNullable(query.get(name)).map(values -> values.get(0));
        }

        String required(String name) {
            return parameter(name)
                    .orElseThrow(() -> new BadValueException("the parameter '" + name + "' is missing in the query"));
        }
    }

    /** The one who waits for the answer. */
    interface Exchange extends Caller {
        /** Sends an event; waits when the reader is slow. */
        void event(Event event);
    }

    /** Does what a request asks for; blocks. */
    interface Handler {
        Outcome<?> handle(Request request, Exchange exchange);
    }

    /** Who carries it out: what only looks must not wait behind what takes long. */
    enum Kind {
        LOOK,
        WORK
    }

    /** What is done for a path. */
    record Route(String method, Kind kind, Handler handler) {}

    private static final String PREFIX = "/v1/";

    private final Map<String, Route> routes = new HashMap<>();

    Routes(NodeCommands node) {
        get("version", (request, exchange) -> Outcome.done(node.version()));
        get("view", (request, exchange) -> node.view(request.parameter("resource")));
        get("get", (request, exchange) -> node.get(TreeKeys.check(request.required("key"))));
        get("list", (request, exchange) -> node.list(request.parameter("key").map(TreeKeys::check)));
        routes.put(
                PREFIX + "events", new Route("GET", Kind.WORK, (request, exchange) -> events(node, request, exchange)));

        post("create-cluster", Command.CreateCluster.class, node::createCluster);
        post("token", Nothing.class, (nothing, caller) -> node.token());
        post("join-cluster", Command.JoinCluster.class, node::joinCluster);
        post("create-resource", Command.CreateResource.class, node::createResource);
        post("join-resource", Command.JoinResource.class, node::joinResource);
        post("leave-resource", Command.LeaveResource.class, node::leaveResource);
        post("primary", Command.Primary.class, node::primary);
        post("secondary", Command.Secondary.class, node::secondary);
        post("invalidate", Command.Invalidate.class, node::invalidate);
        post("todo", Command.Switch.class, node::todo);
        post("wait-resource", Command.WaitResource.class, node::waitResource);
        post("set", Command.SetKey.class, (command, caller) -> node.set(command));
    }

    /** A body without fields. */
    private record Nothing() {}

    private interface Verb<C> {
        Outcome<?> run(C command, Caller caller);
    }

    private void get(String name, Handler handler) {
        routes.put(PREFIX + name, new Route("GET", Kind.LOOK, handler));
    }

    private <C> void post(String name, Class<C> type, Verb<C> verb) {
        routes.put(
                PREFIX + name,
                new Route(
                        "POST",
                        Kind.WORK,
                        (request, exchange) -> verb.run(Json.command(request.body(), type), exchange)));
    }

    private static Outcome<?> events(NodeCommands node, Request request, Exchange exchange) {
        String since = request.parameter("since-ms").orElse("0");
        if (!since.matches("[0-9]{1,18}")) {
            throw new BadValueException("since-ms is a number of milliseconds since 1970, not '" + since + "'");
        }
        boolean follow = request.parameter("follow").map(Routes::flag).orElse(false);
        return node.events(Long.parseLong(since), follow, exchange::event, exchange);
    }

    private static boolean flag(String text) {
        return switch (text) {
            case "yes" -> true;
            case "no" -> false;
            default -> throw new BadValueException("follow is yes or no, not '" + text + "'");
        };
    }

    /**
     * What to do for a request.
     *
     * @throws BadValueException when there is no such request
     */
    Route find(String method, String path) {
        Route route = routes.get(path);
        if (route == null) {
            throw new BadValueException("there is no " + path + ": known are "
                    + String.join(", ", routes.keySet().stream().sorted().toList()));
        }
        if (!route.method().equals(method)) {
            throw new BadValueException(path + " is asked for by " + route.method() + ", not by " + method);
        }
        return route;
    }
}
