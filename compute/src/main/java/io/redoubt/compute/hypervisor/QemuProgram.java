// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.Command;
import io.redoubt.core.fault.FaultException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The installed QEMU.
///
/// @param version as `7.2.22`
public record QemuProgram(Path path, String version) {
    private static final String PROGRAM = "qemu-system-x86_64";
    private static final String PACKAGE = "qemu-system-x86 qemu-utils";
    private static final Pattern VERSION = Pattern.compile("version (\\d+)\\.(\\d+)(?:\\.\\d+)?");
    private static final int MAJOR_MIN = 7;
    private static final int MINOR_MIN = 2;

    /// The one in PATH.
    ///
    /// @throws FaultException with [io.redoubt.compute.host.HostFault.CommandMissing] or [HypervisorFault.QemuTooOld]
    public static QemuProgram find() {
        return at(Command.require(PROGRAM, PACKAGE));
    }

    /// The one at this path, asked for its version.
    static QemuProgram at(Path path) {
        String said = Command.of(path.toString(), "--version").require();
        Matcher matcher = VERSION.matcher(said);
        if (!matcher.find()) {
            throw new FaultException(
                    new HypervisorFault.QemuTooOld(
                            said.lines().findFirst().orElse("(silent)"), minimum()));
        }
        int major = Integer.parseInt(matcher.group(1));
        int minor = Integer.parseInt(matcher.group(2));
        String version = matcher.group().substring("version ".length());
        if (major < MAJOR_MIN || (major == MAJOR_MIN && minor < MINOR_MIN)) {
            throw new FaultException(new HypervisorFault.QemuTooOld(version, minimum()));
        }
        return new QemuProgram(path, version);
    }

    private static String minimum() {
        return MAJOR_MIN + "." + MINOR_MIN;
    }
}
