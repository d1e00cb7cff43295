// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli.api;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Where an API listens, whose certificates to trust there, and the file with the token to show.
public record Endpoint(URI apiUrl, Path caFile, Path tokenFile) {

    /// The file that a control plane writes into its own directory when it is ready.
    private static final String ANNOUNCEMENT = "control/control.json";

    /// The endpoint of the region that lives in this directory.
    ///
    /// @throws FaultException with [ApiFault.NoRegion] when no control plane ever became ready there
    public static Endpoint ofHome(Path home) {
        Path file = announcement(home);
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            return new Endpoint(
                    URI.create(json.required("apiUrl").asString()),
                    Path.of(json.required("caFile").asString()),
                    Path.of(json.required("tokenFile").asString()));
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            throw new FaultException(new ApiFault.NoRegion(home), e);
        }
    }

    public static Path announcement(Path home) {
        return home.resolve(ANNOUNCEMENT);
    }
}
