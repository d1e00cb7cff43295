// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import io.redoubt.core.fault.FaultException;
import io.redoubt.workflow.Engine;
import io.redoubt.workflow.WorkflowFault;
import jakarta.servlet.http.HttpServletRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.transaction.TransactionException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import tools.jackson.databind.DatabindException;

/// Turns whatever a resource throws into a problem detail. What nobody foresaw is logged whole and shown without its insides.
@RestControllerAdvice
class Problems {
    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    @ExceptionHandler
    ResponseEntity<Problem> fault(FaultException e, HttpServletRequest request) {
        Refusal.Kind kind =
                switch (e.fault()) {
                    case Refusal refusal -> refusal.kind();
                    case WorkflowFault _ -> Refusal.Kind.CONFLICT;
                    default -> Refusal.Kind.CONFLICT; // a node's fault: it stands for itself
                };
        return Problem.of(e.fault(), kind, request.getRequestURI()).response();
    }

    @ExceptionHandler
    ResponseEntity<Problem> badValue(IllegalArgumentException e, HttpServletRequest request) {
        return bad(String.valueOf(e.getMessage()), request);
    }

    @ExceptionHandler
    ResponseEntity<Problem> unreadable(
            HttpMessageNotReadableException e, HttpServletRequest request) {
        Throwable root = e;
        String field = "";
        while (root.getCause() != null) {
            root = root.getCause();
            if (root instanceof DatabindException bound && !bound.getPath().isEmpty()) {
                field = " at " + bound.getPath().getLast().getPropertyName();
            }
        }
        String line =
                String.valueOf(root.getMessage())
                        .lines()
                        .findFirst()
                        .orElse("no body")
                        .replaceAll(" \\((class|set) [^)]*\\)", "");
        return bad("the body cannot be read%s: %s".formatted(field, line), request);
    }

    @ExceptionHandler({
        CannotGetJdbcConnectionException.class,
        DataAccessResourceFailureException.class,
        TransientDataAccessException.class,
        TransactionException.class,
        Engine.DatabaseAway.class
    })
    ResponseEntity<Problem> away(Exception e, HttpServletRequest request) {
        LOG.warn("the database is away: {}", e.getMessage());
        return Problem.of(new Refusal.DatabaseAway(), Refusal.Kind.AWAY, request.getRequestURI())
                .response();
    }

    @ExceptionHandler
    ResponseEntity<Problem> other(Exception e, HttpServletRequest request) {
        if (e instanceof ErrorResponse known) {
            var problem =
                    new Problem(
                            "about:blank",
                            String.valueOf(known.getBody().getTitle()),
                            known.getStatusCode().value(),
                            String.valueOf(known.getBody().getDetail()),
                            "bad-request",
                            "Compare the request with the OpenAPI document, /v1/openapi.json.",
                            request.getRequestURI());
            return problem.response();
        }
        if (e instanceof DataAccessException && DatabaseLoss.in(e)) {
            return away(e, request);
        }
        LOG.error("{} {}", request.getMethod(), request.getRequestURI(), e);
        var problem =
                new Problem(
                        "about:blank",
                        "Internal error",
                        500,
                        "the control plane made an error",
                        "internal-error",
                        "The control plane's log has the whole chain of causes.",
                        request.getRequestURI());
        return problem.response();
    }

    private static ResponseEntity<Problem> bad(String message, HttpServletRequest request) {
        var fault =
                new Refusal.BadValue(
                        message,
                        "Compare the request with the OpenAPI document, /v1/openapi.json.");
        return Problem.of(fault, Refusal.Kind.BAD_REQUEST, request.getRequestURI()).response();
    }
}
