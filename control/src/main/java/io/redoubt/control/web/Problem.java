// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import io.redoubt.core.fault.Fault;
import java.util.Locale;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/// An error as RFC 9457 shapes it, with cause and remedy.
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String cause,
        String remedy,
        String instance) {

    /// Seconds after which a client may try again when something is away.
    private static final String RETRY_SECONDS = "2";

    public static Problem of(Fault fault, Refusal.Kind kind, String path) {
        return new Problem(
                "about:blank",
                kind.title(),
                kind.status(),
                fault.message(),
                cause(fault),
                fault.remedy(),
                path);
    }

    ResponseEntity<Problem> response() {
        var answer = ResponseEntity.status(status).contentType(MediaType.APPLICATION_PROBLEM_JSON);
        if (status == Refusal.Kind.AWAY.status()) {
            answer.header(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
        }
        return answer.body(this);
    }

    private static String cause(Fault fault) {
        if (fault instanceof Refusal.Forbidden forbidden) {
            return forbidden.cause();
        }
        return fault.getClass()
                .getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }
}
