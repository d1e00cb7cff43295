// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

/// Lets a node into the region.
public interface Enroller {
    /// @throws io.redoubt.core.fault.FaultException when the token or the request is not good
    Enrolled join(String token, String certificateRequestPem, String zone, String name);

    /// A join that is refused for its token, not for its form.
    record Enrolled(String node, String certificatePem, String caPem) {}
}
