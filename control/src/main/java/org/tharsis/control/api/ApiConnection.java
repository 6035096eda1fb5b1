// SPDX-License-Identifier: Apache-2.0
package org.tharsis.control.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tharsis.control.model.BadValueException;

/**
 * One connection: one request and its answer; then it is closed. Who looks gets one JSON object, the result or {@code error}. Who
 * gives a command gets a stream of lines, each an object with one field: any number of {@code progress} and {@code event}, then
 * {@code result} or {@code error}.
 *
 * <p>A stream's head is sent with its first line, so that a command that fails at once has the HTTP status of its failure.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the connection, and that is noticed
final class ApiConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(ApiConnection.class);

    private final Routes routes;
    private final Executor looking;
    private final Executor working;
    private boolean asked; // of the event loop

    ApiConnection(Routes routes, Executor looking, Executor working) {
        this.routes = routes;
        this.looking = looking;
        this.working = working;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest http) {
        if (asked) {
            return;
        }
        asked = true;
        if (http.decoderResult().isFailure()) {
            new Answer(context, Routes.Kind.LOOK).end(ApiError.usage("this is no HTTP request"));
            return;
        }
        QueryStringDecoder uri = new QueryStringDecoder(http.uri());
        Routes.Request request =
                new Routes.Request(uri.parameters(), http.content().toString(StandardCharsets.UTF_8));
        try {
            start(routes.find(http.method().name(), uri.path()), request, context);
        } catch (BadValueException unknown) {
            new Answer(context, Routes.Kind.LOOK).end(ApiError.usage(unknown.getMessage()));
        }
    }

    private void start(Routes.Route route, Routes.Request request, ChannelHandlerContext context) {
        Answer answer = new Answer(context, route.kind());
        Executor executor = route.kind() == Routes.Kind.LOOK ? looking : working;
        try {
            executor.execute(() -> handle(route, request, answer));
        } catch (RejectedExecutionException busy) {
            answer.end(new ApiError(
                    ApiError.Code.UNREACHABLE,
                    "this node has too many commands under way",
                    Optional.of("try again when some are done")));
        }
    }

    private static void handle(Routes.Route route, Routes.Request request, Answer answer) {
        try {
            Outcome<?> outcome = route.handler().handle(request, answer);
            if (outcome instanceof Outcome.Done<?> done) {
                answer.done(done.result());
            } else if (outcome instanceof Outcome.Failure<?> failure) {
                answer.end(ApiError.of(failure));
            }
        } catch (BadValueException wrong) {
            answer.end(ApiError.usage(wrong.getMessage()));
        } catch (RuntimeException bug) {
            LOG.error(
                    "A command has failed because of a fault in tharsisd itself; what was done of it, 'tharsis view'"
                            + " tells. Please report this.",
                    bug);
            answer.end(new ApiError(
                    ApiError.Code.INTERNAL,
                    "tharsisd has a fault: " + bug,
                    Optional.of("look at its log, and at 'tharsis view' for what was done")));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("a connection to the daemon's socket has ended early", cause);
        context.close();
    }

    /** The answer to the one request. The lock keeps lines whole and in their order. */
    private static final class Answer implements Routes.Exchange {
        private final ChannelHandlerContext context;
        private final Routes.Kind kind;
        private final Object lock = new Object();
        private boolean begun; // guarded by lock
        private boolean ended; // guarded by lock

        Answer(ChannelHandlerContext context, Routes.Kind kind) {
            this.context = context;
            this.kind = kind;
        }

        @Override
        public void progress(Progress progress) {
            if (context.channel().isWritable()) {
                send(Json.line("progress", progress));
            }
        }

        @Override
        public void event(Event event) {
            ChannelFuture sent = send(Json.line("event", event));
            if (!context.channel().isWritable()) {
                sent.awaitUninterruptibly();
            }
        }

        @Override
        public boolean gone() {
            return !context.channel().isActive();
        }

        void done(Object result) {
            end(kind == Routes.Kind.LOOK ? Json.line(result) : Json.line("result", result), HttpResponseStatus.OK);
        }

        void end(ApiError error) {
            end(
                    Json.line("error", error),
                    HttpResponseStatus.valueOf(error.code().status()));
        }

        private void end(String line, HttpResponseStatus status) {
            synchronized (lock) {
                if (ended) {
                    return;
                }
                ended = true;
                if (kind == Routes.Kind.LOOK) {
                    context.writeAndFlush(whole(line, status)).addListener(ChannelFutureListener.CLOSE);
                    return;
                }
                begin(status);
                context.write(new DefaultHttpContent(bytes(line)));
                context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
            }
        }

        private HttpResponse whole(String line, HttpResponseStatus status) {
            FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, bytes(line));
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                    .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                    .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            return response;
        }

        private ChannelFuture send(String line) {
            synchronized (lock) {
                if (ended) {
                    return context.newSucceededFuture();
                }
                begin(HttpResponseStatus.OK);
                return context.writeAndFlush(new DefaultHttpContent(bytes(line)));
            }
        }

        private void begin(HttpResponseStatus status) {
            if (begun) {
                return;
            }
            begun = true;
            HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, status);
            head.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "application/x-ndjson")
                    .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            HttpUtil.setTransferEncodingChunked(head, true);
            context.write(head);
        }

        private ByteBuf bytes(String line) {
            return ByteBufUtil.encodeString(context.alloc(), CharBuffer.wrap(line + "\n"), StandardCharsets.UTF_8);
        }
    }
}
