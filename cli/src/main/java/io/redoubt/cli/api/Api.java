// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli.api;

import io.redoubt.core.fault.FaultException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The public API of one region.
///
/// Every call may throw a [FaultException] with an [ApiFault]. A write carries a key that is made once and sent again with
/// each attempt, so that an answer lost on the way never makes a second thing.
public final class Api {
    private static final int PAGE = 1000;
    private static final int PAGES_MAX = 1000;
    private static final int WAIT_SECONDS = 5; // below the answer limit of every caller
    private static final Duration ANSWER = Duration.ofSeconds(40);
    private static final int ACCEPTED = 202;
    private static final int FIRST_ERROR = 400;

    private final Endpoint endpoint;
    private final Connection connection;

    public Api(Endpoint endpoint) {
        this(endpoint, ANSWER);
    }

    /// @param answerLimit how long one request may take; a control plane that is silent for longer is away
    public Api(Endpoint endpoint, Duration answerLimit) {
        this.endpoint = endpoint;
        this.connection = new Connection(endpoint, answerLimit);
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /// @param path from `/v1` on, with its query
    public JsonNode fetch(String path) {
        return json(connection.send("GET", uri(path), "", ""));
    }

    /// All items of a list, page after page.
    public List<JsonNode> fetchAll(String path) {
        var items = new ArrayList<JsonNode>();
        String after = "";
        for (int page = 0; page < PAGES_MAX; page++) {
            JsonNode answer =
                    fetch(path + "?limit=" + PAGE + (after.isEmpty() ? "" : "&after=" + after));
            answer.path("items").forEach(items::add);
            after = answer.path("next").asString("");
            if (after.isEmpty()) {
                return items;
            }
        }
        throw new FaultException(
                new ApiFault.NotThisApi(
                        uri(path), "a list of more than " + PAGE * PAGES_MAX + " items"));
    }

    /// A question that needs a body; it changes nothing.
    public JsonNode ask(String path, Map<String, ?> body) {
        String text = JsonMapper.shared().writeValueAsString(body);
        return json(connection.send("POST", uri(path), text, UUID.randomUUID().toString()));
    }

    /// Asks for a change; it goes on after the return.
    public Operation post(String path, Map<String, ?> body) {
        return post(path, body, UUID.randomUUID().toString());
    }

    /// @param key the same key with the same request gives the same operation, however often it is sent
    public Operation post(String path, Map<String, ?> body, String key) {
        return operation("POST", path, body, key);
    }

    public Operation patch(String path, Map<String, ?> body) {
        return operation("PATCH", path, body, UUID.randomUUID().toString());
    }

    public Operation delete(String path) {
        return operation("DELETE", path, Map.of(), UUID.randomUUID().toString());
    }

    /// A token with which one node may join; the one write that is not an operation.
    public JsonNode newJoinToken(String zone) {
        String body = JsonMapper.shared().writeValueAsString(Map.of("zone", zone));
        return json(
                connection.send(
                        "POST", uri("/v1/join-tokens"), body, UUID.randomUUID().toString()));
    }

    /// Waits until the operation has succeeded.
    ///
    /// @param seen called with each state that was seen, first with the one given, and every few seconds while nothing changes
    /// @throws FaultException with [ApiFault.OperationFailed] or, after the limit, [ApiFault.StillRunning]
    public Operation await(Operation started, Duration limit, Consumer<Operation> seen) {
        long deadline = System.nanoTime() + limit.toNanos();
        Operation now = started;
        seen.accept(now);
        while (!now.ended()) {
            long left = Duration.ofNanos(deadline - System.nanoTime()).toSeconds();
            if (left < 0) {
                throw new FaultException(new ApiFault.StillRunning(now, limit));
            }
            now = fetchOperation(now.id(), now.change(), Math.min(left, WAIT_SECONDS));
            seen.accept(now);
        }
        if (!now.succeeded()) {
            JsonNode fault = now.json().path("fault");
            throw new FaultException(
                    new ApiFault.OperationFailed(
                            now,
                            fault.path("cause").asString(""),
                            fault.path("message").asString("operation " + now.id() + " failed"),
                            fault.path("remedy")
                                    .asString("See ./redoubt operation show " + now.id())));
        }
        return now;
    }

    public Operation fetchOperation(String id) {
        return Operation.of(fetch("/v1/operations/" + id));
    }

    private Operation fetchOperation(String id, long since, long waitSeconds) {
        return Operation.of(
                fetch(
                        "/v1/operations/%s?waitSeconds=%d&since=%d"
                                .formatted(id, waitSeconds, since)));
    }

    private Operation operation(String method, String path, Map<String, ?> body, String key) {
        String text = method.equals("DELETE") ? "" : JsonMapper.shared().writeValueAsString(body);
        HttpResponse<String> answer = connection.send(method, uri(path), text, key);
        JsonNode json = json(answer);
        if (answer.statusCode() != ACCEPTED) {
            throw new FaultException(
                    new ApiFault.NotThisApi(
                            uri(path), "a write was answered with " + answer.statusCode()));
        }
        return Operation.of(json);
    }

    private URI uri(String path) {
        return endpoint.apiUrl().resolve(path);
    }

    private static JsonNode json(HttpResponse<String> answer) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(answer.body());
        } catch (JacksonException e) {
            String start = answer.body().substring(0, Math.min(80, answer.body().length()));
            throw new FaultException(
                    new ApiFault.NotThisApi(
                            answer.uri(),
                            "status %d with '%s'".formatted(answer.statusCode(), start)),
                    e);
        }
        if (answer.statusCode() >= FIRST_ERROR) {
            throw new FaultException(
                    new ApiFault.Refused(
                            answer.statusCode(),
                            json.path("cause").asString(""),
                            json.path("detail")
                                    .asString(json.path("title").asString("request refused")),
                            json.path("remedy").asString("Status " + answer.statusCode() + ".")));
        }
        return json;
    }
}
