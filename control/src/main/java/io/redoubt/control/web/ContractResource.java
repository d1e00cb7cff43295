// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import java.io.IOException;
import java.io.InputStream;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/// The contract, as it was reviewed: the committed document, which a test compares with the running code.
@RestController
class ContractResource {
    private static final String DOCUMENT = "/api/openapi.json";

    @GetMapping("/v1/openapi.json")
    ResponseEntity<String> getContract() throws IOException {
        try (InputStream document = ContractResource.class.getResourceAsStream(DOCUMENT)) {
            if (document == null) {
                throw new IllegalStateException(DOCUMENT + " is not on the class path");
            }
            return ResponseEntity.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(
                            new String(
                                    document.readAllBytes(),
                                    java.nio.charset.StandardCharsets.UTF_8));
        }
    }
}
