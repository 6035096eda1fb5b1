// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.model;

/** The keys of the tree, relative to the cluster ({@code /tharsis/<cluster>/}). */
public final class Keys {
    public static final String UUID = "uuid";
    public static final String VERSION = "version";
    public static final String NODES = "nodes";
    public static final String ALIVE = "alive";
    public static final String RESOURCES = "resources";
    public static final String EVENTS = "events";

    public static String node(String host) {
        return NODES + "/" + host;
    }

    public static String alive(String host) {
        return ALIVE + "/" + host;
    }

    public static String resource(String resource) {
        return RESOURCES + "/" + resource;
    }

    public static String option(String resource, ResourceOption option) {
        return resource(resource) + "/options/" + option.key();
    }

    public static String role(String resource) {
        return resource(resource) + "/role";
    }

    public static String sealed(String resource) {
        return resource(resource) + "/sealed";
    }

    public static String epoch(String resource, long epoch) {
        return resource(resource) + "/epochs/" + epoch;
    }

    public static String replica(String resource, String host) {
        return resource(resource) + "/replicas/" + host;
    }

    public static String todo(String resource, String host, Switch which) {
        return replica(resource, host) + "/todo/" + which.key();
    }

    public static String position(String resource, String host) {
        return replica(resource, host) + "/position";
    }

    public static String health(String resource, String host) {
        return replica(resource, host) + "/health";
    }

    public static String lost(String resource, String host) {
        return replica(resource, host) + "/lost";
    }

    public static String actual(String resource, String host, String what) {
        return replica(resource, host) + "/actual/" + what;
    }

    private Keys() {}
}
