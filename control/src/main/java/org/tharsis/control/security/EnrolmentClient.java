// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.tharsis.control.config.HostPort;

/** Enters a cluster by a token: blocks until it has an answer, at most for about a minute. */
public final class EnrolmentClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /**
     * Makes a key, and gets a certificate for it.
     *
     * @param place where to ask: the token's, unless the node is reached another way
     * @param hosts names and addresses of this node, see {@link NodeSubject}
     */
    public static Enrolled enrol(JoinToken.Enrol token, HostPort place, UUID node, String name, List<String> hosts)
            throws EnrolmentException {
        KeyPair keys = ClusterAuthority.newKeys();
        try {
            byte[] body = Enrolment.JSON.writeValueAsBytes(
                    new Enrolment.Request(token.secret(), SigningRequest.make(keys), node, name, hosts));
            byte[] response = exchange(token, place, body);
            Enrolment.Accepted accepted = accepted(response);
            X509Certificate authority = Pem.certificate(accepted.authority());
            X509Certificate certificate = Pem.certificate(accepted.certificate());
            new PinnedAuthority(token.authority()).check(new X509Certificate[] {certificate, authority});
            return new Enrolled(
                    new Credentials(keys.getPrivate(), certificate, authority),
                    accepted.cluster(),
                    accepted.clusterName(),
                    accepted.zookeeper());
        } catch (SSLHandshakeException notOurs) {
            throw new EnrolmentException(
                    false,
                    "who answers at " + place + " is not of the cluster that the token was made in: "
                            + notOurs.getMessage(),
                    "check the address; both clocks must be right; a cluster with 'tls = no' has other tokens");
        } catch (IOException failed) {
            throw new EnrolmentException(
                    true,
                    "the cluster cannot be reached at " + place + ": " + failed.getMessage(),
                    "check that its daemon runs, and that the network lets this node connect to it");
        } catch (GeneralSecurityException wrong) {
            throw new EnrolmentException(
                    false,
                    "the certificate from " + place + " cannot be used: " + wrong.getMessage(),
                    "check both clocks");
        }
    }

    private static byte[] exchange(JoinToken.Enrol token, HostPort place, byte[] body)
            throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, new TrustManager[] {new PinnedAuthority(token.authority())}, null);
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(place.host(), place.port()), (int) TIMEOUT.toMillis());
            plain.setSoTimeout((int) TIMEOUT.toMillis());
            try (SSLSocket socket =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, place.host(), place.port(), true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setApplicationProtocols(new String[] {Enrolment.PROTOCOL});
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                send(socket.getOutputStream(), place, body);
                return readAll(socket.getInputStream());
            }
        }
    }

    private static void send(OutputStream out, HostPort place, byte[] body) throws IOException {
        String head =
                "POST " + Enrolment.PATH + " HTTP/1.1\r\nHost: " + place + "\r\nContent-Type: application/json\r\n"
                        + "Content-Length: " + body.length + "\r\nConnection: close\r\n\r\n";
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(body);
        out.write(request.toByteArray());
        out.flush();
    }

    /** The server ends the connection behind its answer. */
    private static byte[] readAll(InputStream in) throws IOException {
        byte[] response = in.readNBytes(2 * Enrolment.BODY_BYTES_MAX);
        if (response.length == 2 * Enrolment.BODY_BYTES_MAX) {
            throw new IOException("the answer is too long");
        }
        return response;
    }

    private static Enrolment.Accepted accepted(byte[] response) throws IOException, EnrolmentException {
        String text = new String(response, StandardCharsets.UTF_8);
        int bodyAt = text.indexOf("\r\n\r\n");
        if (bodyAt < 0 || !text.startsWith("HTTP/1.1 ")) {
            throw new IOException("the connection ended without an answer");
        }
        String body = text.substring(bodyAt + 4);
        if (text.startsWith("HTTP/1.1 200 ")) {
            return Enrolment.JSON.readValue(body, Enrolment.Accepted.class);
        }
        Enrolment.Refused refused = Enrolment.JSON.readValue(body, Enrolment.Refused.class);
        throw new EnrolmentException(text.startsWith("HTTP/1.1 503 "), refused.message(), refused.hint());
    }

    private EnrolmentClient() {}
}
