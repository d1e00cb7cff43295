// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.cli.api.Api;
import io.redoubt.cli.api.ApiFault;
import io.redoubt.cli.api.Endpoint;
import io.redoubt.core.fault.FaultException;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The options that every command has: which region to ask, and how to print.
final class Session {
    private static final JsonMapper PRETTY =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// Either all of them, or the region of `$REDOUBT_HOME`.
    static final class Elsewhere {
        @Option(
                names = "--api",
                required = true,
                paramLabel = "URL",
                description = "The API of another region than that of $$REDOUBT_HOME.")
        private URI api = URI.create("");

        @Option(
                names = "--ca",
                required = true,
                paramLabel = "FILE",
                description = "Its certificate authority, PEM.")
        private Path ca = Path.of("");

        @Option(
                names = "--token-file",
                required = true,
                paramLabel = "FILE",
                description = "The file that holds a token.")
        private Path tokenFile = Path.of("");
    }

    @ArgGroup(exclusive = false, multiplicity = "0..1")
    private @Nullable Elsewhere elsewhere;

    @Option(names = "--json", description = "Print what the API says, as JSON.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    private @Nullable Api api;

    Api api() {
        Api known = api;
        if (known == null) {
            known = new Api(endpoint());
            api = known;
        }
        return known;
    }

    boolean json() {
        return json;
    }

    void print(String line) {
        spec.commandLine().getOut().println(line);
    }

    void print(JsonNode node) {
        print(PRETTY.writeValueAsString(node));
    }

    /// A word beside the result, on standard error.
    void tell(String line) {
        spec.commandLine().getErr().println(line);
    }

    private Endpoint endpoint() {
        Elsewhere given = elsewhere;
        if (given != null) {
            return new Endpoint(given.api, given.ca, given.tokenFile);
        }
        String home = System.getenv("REDOUBT_HOME");
        if (home == null) {
            throw new FaultException(new ApiFault.NoRegion(Path.of("$REDOUBT_HOME")));
        }
        return Endpoint.ofHome(Path.of(home));
    }
}
