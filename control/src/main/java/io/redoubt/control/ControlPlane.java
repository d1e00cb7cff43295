// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.control.database.DatabaseAddress;
import io.redoubt.control.gateway.GatewayServer;
import io.redoubt.control.gateway.GatewaySettings;
import io.redoubt.control.identity.Tokens;
import io.redoubt.control.recovery.RecoverySettings;
import io.redoubt.control.region.CertificateAuthority;
import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.postgres.EmbeddedPostgres;
import io.redoubt.dist.postgres.PostgresSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import tools.jackson.databind.json.JsonMapper;

/// A running control plane: home, database, API, gateway.
final class ControlPlane implements AutoCloseable {
    private final Home home;
    private final EmbeddedPostgres postgres;
    private final ConfigurableApplicationContext context;
    private final String host;

    private ControlPlane(
            Home home,
            EmbeddedPostgres postgres,
            ConfigurableApplicationContext context,
            String host) {
        this.home = home;
        this.postgres = postgres;
        this.context = context;
        this.host = host;
    }

    /// Returns when API and gateway are open and `control.json` says where.
    ///
    /// @throws FaultException with a [ControlFault] or a fault of the database
    static ControlPlane start(ControlSettings settings) throws IOException {
        requireFree("the API", settings.host(), settings.httpPort());
        requireFree("the nodes", settings.host(), settings.grpcPort());
        Home home = Home.enter(settings.home());
        // The database starts while the framework loads its classes; the pool waits for it.
        CompletableFuture<EmbeddedPostgres> database =
                CompletableFuture.supplyAsync(() -> database(settings, home));
        try {
            CertificateAuthority authority =
                    CertificateAuthority.open(
                            home.path("ca"),
                            home.path("ca.pem"),
                            List.of("127.0.0.1", "localhost", settings.host()).stream()
                                    .distinct()
                                    .toList());
            ConfigurableApplicationContext context = context(settings, home, authority, database);
            var plane = new ControlPlane(home, database.join(), context, settings.host());
            plane.announce(authority);
            return plane;
        } catch (RuntimeException | IOException e) {
            database.thenAccept(EmbeddedPostgres::close).exceptionally(_ -> null).join();
            home.close();
            throw fault(e);
        }
    }

    private static EmbeddedPostgres database(ControlSettings settings, Home home) {
        try {
            return EmbeddedPostgres.start(
                    new PostgresSettings(home.path("postgres"), 0, settings.postgresUser()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static ConfigurableApplicationContext context(
            ControlSettings settings,
            Home home,
            CertificateAuthority authority,
            CompletableFuture<EmbeddedPostgres> database) {
        var application = new SpringApplication(ControlApplication.class);
        application.setWebApplicationType(WebApplicationType.SERVLET);
        application.setRegisterShutdownHook(false);
        application.setDefaultProperties(properties(settings, authority));
        application.addInitializers(context -> {
            var generic = (GenericApplicationContext) context;
            generic.registerBean(DatabaseAddress.class, () -> new Embedded(database));
            generic.registerBean(CertificateAuthority.class, () -> authority);
            generic.registerBean(
                    GatewaySettings.class,
                    () ->
                            new GatewaySettings(
                                    settings.host(),
                                    settings.grpcPort(),
                                    authority.keyManagers(),
                                    authority.trustManagers()));
            generic.registerBean(
                    RecoverySettings.class, () -> new RecoverySettings(home.path("incarnation")));
        });
        return application.run();
    }

    private static Map<String, Object> properties(
            ControlSettings settings, CertificateAuthority authority) {
        var properties = new LinkedHashMap<String, Object>();
        properties.put("server.address", settings.host());
        properties.put("server.port", settings.httpPort());
        properties.put("server.ssl.certificate", "file:" + authority.serverCertificate());
        properties.put("server.ssl.certificate-private-key", "file:" + authority.serverKey());
        properties.put("server.shutdown", "immediate");
        properties.put("spring.threads.virtual.enabled", true);
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.main.log-startup-info", false);
        properties.put("spring.jmx.enabled", false);
        properties.put("spring.mvc.problemdetails.enabled", false);
        properties.put("spring.web.resources.add-mappings", false);
        properties.put("spring.jackson.deserialization.fail-on-unknown-properties", true);
        properties.put("spring.jackson.deserialization.fail-on-null-for-primitives", true);
        properties.put("logging.level.root", "warn");
        properties.put("logging.level.io.redoubt", "info");
        return properties;
    }

    /// Tells the host's other programs where we are. The owner's token is made at the first start and kept.
    private void announce(CertificateAuthority authority) throws IOException {
        Path token = home.path("owner.token");
        if (!Files.exists(token)) {
            home.write("owner.token", context.getBean(Tokens.class).firstOwner());
        }
        var where = new LinkedHashMap<String, Object>();
        where.put("apiUrl", apiUrl());
        where.put("grpcAddress", grpcAddress());
        where.put("caFile", authority.file().toString());
        where.put("tokenFile", token.toString());
        where.put("openApi", apiUrl() + "/v1/openapi.json");
        where.put("pid", ProcessHandle.current().pid());
        home.write("control.json", JsonMapper.builder().build().writeValueAsString(where) + "\n");
    }

    String apiUrl() {
        int port =
                Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer())
                        .getPort();
        return "https://" + host + ":" + port;
    }

    String grpcAddress() {
        return context.getBean(GatewayServer.class).address();
    }

    ConfigurableApplicationContext context() {
        return context;
    }

    EmbeddedPostgres postgres() {
        return postgres;
    }

    /// Requests end, operations stop where they are, then the database stops.
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(home.path("control.json"));
        context.close();
        postgres.close();
        home.close();
    }

    private static void requireFree(String what, String host, int port) {
        if (port == 0) {
            return;
        }
        try (var socket = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            socket.setReuseAddress(true);
        } catch (IOException e) {
            throw new FaultException(new ControlFault.PortInUse(what, port), e);
        }
    }

    /// The fault that is behind what the framework made of it.
    private static RuntimeException fault(Exception error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof FaultException fault) {
                return fault;
            }
        }
        return error instanceof RuntimeException unchecked
                ? unchecked
                : new IllegalStateException(error);
    }

    /// Waits for the database at the first question.
    private record Embedded(CompletableFuture<EmbeddedPostgres> started)
            implements DatabaseAddress {
        @Override
        public String url() {
            return running().jdbcUrl();
        }

        @Override
        public String user() {
            return EmbeddedPostgres.USER;
        }

        @Override
        public String password() {
            return running().password();
        }

        private EmbeddedPostgres running() {
            try {
                return started.join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }
    }
}
