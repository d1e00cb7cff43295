// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.identity;

import io.redoubt.control.web.DatabaseLoss;
import io.redoubt.control.web.Problem;
import io.redoubt.control.web.Refusal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/// No route answers without a token: this gate stands before all of them.
@Component
class TokenGate extends OncePerRequestFilter {
    private static final String SCHEME = "Bearer ";

    private final Tokens tokens;
    private final JsonMapper json;

    TokenGate(Tokens tokens, JsonMapper json) {
        this.tokens = tokens;
        this.json = json;
    }

    @Override
    protected void doFilterInternal(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Optional<Caller> caller;
        try {
            caller = caller(request);
        } catch (DataAccessException e) {
            if (!DatabaseLoss.in(e)) {
                throw e;
            }
            refuse(request, response, new Refusal.DatabaseAway());
            return;
        }
        if (caller.isEmpty()) {
            refuse(request, response, new Refusal.NoToken());
            return;
        }
        request.setAttribute("caller", caller.get());
        chain.doFilter(request, response);
    }

    private Optional<Caller> caller(HttpServletRequest request) {
        String header = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (header == null || !header.startsWith(SCHEME)) {
            return Optional.empty();
        }
        return tokens.find(header.substring(SCHEME.length()).strip());
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response, Refusal refusal)
            throws IOException {
        response.setStatus(refusal.kind().status());
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        if (refusal.kind() == Refusal.Kind.UNAUTHORISED) {
            response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        } else {
            response.setHeader(HttpHeaders.RETRY_AFTER, "2");
        }
        json.writeValue(
                response.getOutputStream(),
                Problem.of(refusal, refusal.kind(), request.getRequestURI()));
    }
}
