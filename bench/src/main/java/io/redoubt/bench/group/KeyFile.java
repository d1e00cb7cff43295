// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.bench.group;

import java.nio.file.Path;
import java.util.List;

/// The key and certificate that both sides of a measured group use.
public final class KeyFile {
    static final String ALIAS = "both";
    static final String PASSWORD = "for-measuring-only";

    private KeyFile() {}

    /// The command of the JDK that makes it.
    public static List<String> command(Path file) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=bench",
                "-validity",
                "30",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                PASSWORD);
    }
}
