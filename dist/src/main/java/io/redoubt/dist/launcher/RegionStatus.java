// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/// What `status --json` prints. The first four and the nodes' fields are a promise to scripts.
///
/// @param state `up`: everything answers; `partly`: a process of it is gone or silent; `down`
@JsonPropertyOrder({"apiUrl", "caFile", "tokenFile", "openApi", "nodes"})
public record RegionStatus(
        String apiUrl,
        String caFile,
        String tokenFile,
        String openApi,
        List<NodeStatus> nodes,
        String state,
        String home,
        long controlPid,
        String grpcAddress,
        List<PoolStatus> pools) {

    /// @param state what the control plane says of it (`online`), or `gone` when its process is
    public record NodeStatus(String zone, long pid, String home, String state) {}

    /// @param sparse for tests: it holds nothing
    /// @param fault  why it cannot be used, empty when it can
    public record PoolStatus(
            String name,
            String zone,
            long promisedBytes,
            long freeBytes,
            boolean sparse,
            String fault) {}

    public boolean up() {
        return state.equals("up");
    }
}
