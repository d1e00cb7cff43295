// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli.api;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/// Sends one request, again and again while nothing answers or the region says "later", and never for longer than its bounds.
final class Connection {
    /// Waits before the second and every further attempt; a control plane restarts within their sum or is down.
    private static final List<Duration> WAITS =
            List.of(
                    Duration.ofMillis(250),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2));

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int LATER = 503;

    private final HttpClient client;
    private final String token;
    private final Duration answerLimit;

    Connection(Endpoint endpoint, Duration answerLimit) {
        this.answerLimit = answerLimit;
        this.token = token(endpoint.tokenFile());
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT)
                        .sslContext(trusting(endpoint.caFile()))
                        .build();
    }

    /// @param body JSON, or empty for a request without one
    /// @param key  the idempotency key, or empty
    HttpResponse<String> send(String method, URI uri, String body, String key) {
        var request =
                HttpRequest.newBuilder(uri)
                        .timeout(answerLimit)
                        .header("Authorization", "Bearer " + token)
                        .header("Accept", "application/json, application/problem+json");
        if (body.isEmpty()) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json")
                    .method(method, HttpRequest.BodyPublishers.ofString(body));
        }
        if (!key.isEmpty()) {
            request.header("Idempotency-Key", key);
        }
        return send(request.build());
    }

    private HttpResponse<String> send(HttpRequest request) {
        for (int attempt = 0; ; attempt++) {
            boolean last = attempt == WAITS.size();
            try {
                HttpResponse<String> answer =
                        client.send(request, HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() != LATER || last) {
                    return answer;
                }
            } catch (HttpTimeoutException e) {
                // It was asked and is silent: more attempts would only make the wait longer.
                throw new FaultException(
                        new ApiFault.Unreachable(
                                request.uri(),
                                attempt + 1,
                                "no answer within %.1f s".formatted(answerLimit.toMillis() / 1e3)),
                        e);
            } catch (SSLException e) {
                throw new FaultException(
                        new ApiFault.NotThisApi(
                                request.uri(), "its certificate is not of this region's CA"),
                        e);
            } catch (IOException e) {
                if (last) {
                    String why =
                            e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
                    throw new FaultException(
                            new ApiFault.Unreachable(request.uri(), WAITS.size() + 1, why), e);
                }
            } catch (InterruptedException e) {
                throw interrupted(request, e);
            }
            try {
                Thread.sleep(WAITS.get(attempt));
            } catch (InterruptedException e) {
                throw interrupted(request, e);
            }
        }
    }

    private static FaultException interrupted(HttpRequest request, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new FaultException(new ApiFault.Unreachable(request.uri(), 1, "interrupted"), e);
    }

    private static String token(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new FaultException(new ApiFault.BadFile(file, e.toString()), e);
        }
    }

    /// Trusts the region's own authority and nobody else.
    private static SSLContext trusting(Path caFile) {
        try (InputStream in = Files.newInputStream(caFile)) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            int number = 0;
            for (Certificate ca :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                trusted.setCertificateEntry("ca" + number++, ca);
            }
            if (number == 0) {
                throw new GeneralSecurityException("it holds no certificate");
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new FaultException(new ApiFault.BadFile(caFile, e.toString()), e);
        }
    }
}
