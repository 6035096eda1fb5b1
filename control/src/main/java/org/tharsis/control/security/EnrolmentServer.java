// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.security;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.BadValueException;

/**
 * Lets nodes in: the side that has the authority's key. One for all connections, on any thread; each request is answered on the
 * executor, and ends its connection.
 */
public final class EnrolmentServer {
    private static final Logger LOG = LoggerFactory.getLogger(EnrolmentServer.class);
    private static final int READ_TIMEOUT_SECONDS = 10;
    private static final String NEW_TOKEN = "make a new one with 'tharsis cluster token'";

    private final ClusterAuthority authority;
    private final TokenLedger tokens;
    private final ClusterDirectory directory;
    private final Clock clock;
    private final Executor executor;

    public EnrolmentServer(
            ClusterAuthority authority,
            TokenLedger tokens,
            ClusterDirectory directory,
            Clock clock,
            Executor executor) {
        this.authority = authority;
        this.tokens = tokens;
        this.directory = directory;
        this.clock = clock;
        this.executor = executor;
    }

    /** The name under which {@link #handler} is given to the server for peers. */
    public static String protocol() {
        return Enrolment.PROTOCOL;
    }

    /** What is added to the pipeline of a connection that has agreed on {@link #protocol}. */
    public ChannelHandler handler() {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline()
                        .addLast(new ReadTimeoutHandler(READ_TIMEOUT_SECONDS))
                        .addLast(new HttpServerCodec())
                        .addLast(new HttpObjectAggregator(Enrolment.BODY_BYTES_MAX))
                        .addLast(new RequestHandler());
            }
        };
    }

    /** An answer before it is bytes. */
    private record Answer(HttpResponseStatus status, Object body) {
        static Answer refused(HttpResponseStatus status, String message, String hint) {
            return new Answer(status, new Enrolment.Refused(message, hint));
        }
    }

    /** One connection. */
    private final class RequestHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest http) {
            Optional<Enrolment.Request> request = read(http);
            if (request.isEmpty()) {
                send(
                        context,
                        Answer.refused(
                                HttpResponseStatus.BAD_REQUEST,
                                "this is no enrolment",
                                "use 'tharsis" + " cluster join'"));
                return;
            }
            try {
                executor.execute(() -> send(context, answer(request.get())));
            } catch (RejectedExecutionException busy) {
                send(context, Answer.refused(HttpResponseStatus.SERVICE_UNAVAILABLE, "this node is busy", "try again"));
            }
        }

        private Optional<Enrolment.Request> read(FullHttpRequest http) {
            if (!http.method().equals(HttpMethod.POST) || !http.uri().equals(Enrolment.PATH)) {
                return Optional.empty();
            }
            try (ByteBufInputStream body = new ByteBufInputStream(http.content())) {
                return Optional.of(Enrolment.JSON.readValue((java.io.InputStream) body, Enrolment.Request.class));
            } catch (IOException notJson) {
                return Optional.empty();
            }
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // whether the close succeeds changes nothing
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("an enrolment from {} has ended early", context.channel().remoteAddress(), cause);
            context.close();
        }
    }

    private static void send(ChannelHandlerContext context, Answer answer) {
        byte[] body;
        try {
            body = Enrolment.JSON.writeValueAsBytes(answer.body());
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
        DefaultFullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(), Unpooled.wrappedBuffer(body));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    /** Checks all that can be checked before the token is used up. */
    private Answer answer(Enrolment.Request request) {
        try {
            NodeSubject subject = new NodeSubject(directory.cluster(), request.node(), request.name(), request.hosts());
            Optional<UUID> owner = directory.nodeNamed(subject.name());
            if (owner.isPresent() && !owner.get().equals(subject.node())) {
                return Answer.refused(
                        HttpResponseStatus.CONFLICT,
                        "the cluster has another node named " + subject.name(),
                        "set another 'node' in tharsis.conf of the new one, and start its daemon again");
            }
            PublicKey key = SigningRequest.verify(request.signingRequest());
            return switch (tokens.use(request.secret())) {
                case UNKNOWN ->
                    Answer.refused(
                            HttpResponseStatus.FORBIDDEN,
                            "this token was used already, or is none of this cluster",
                            NEW_TOKEN);
                case EXPIRED ->
                    Answer.refused(
                            HttpResponseStatus.FORBIDDEN,
                            "this token has expired: it was good for " + TokenLedger.LIFETIME.toMinutes() + " minutes",
                            NEW_TOKEN);
                case ACCEPTED -> accepted(subject, key);
            };
        } catch (BadValueException | GeneralSecurityException wrong) {
            return Answer.refused(
                    HttpResponseStatus.BAD_REQUEST, wrong.getMessage() + "", "correct that, and try again");
        } catch (IOException unknown) {
            LOG.warn("A node could not be let into the cluster: {}. It can try again.", unknown.getMessage());
            return Answer.refused(
                    HttpResponseStatus.SERVICE_UNAVAILABLE,
                    "the node that was asked cannot decide now: " + unknown.getMessage(),
                    "try again when its 'tharsis view' shows no warnings");
        }
    }

    private Answer accepted(NodeSubject subject, PublicKey key) {
        LOG.info("Node {} ({}) has joined the cluster with a token.", subject.name(), subject.node());
        return new Answer(
                HttpResponseStatus.OK,
                new Enrolment.Accepted(
                        Pem.of(authority.certify(key, subject, clock)),
                        Pem.of(authority.certificate()),
                        directory.cluster(),
                        directory.clusterName(),
                        directory.zookeeper()));
    }
}
