// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A short command of the host: an argument list, never a shell's line.
final class HostCommand {
    private HostCommand() {}

    /// @return whether it ended with status 0
    static boolean run(List<String> command) {
        return execute(command).status == 0;
    }

    /// @throws FaultException with [LauncherFault.CommandFailed] when it ended otherwise
    static void require(List<String> command) {
        Result result = execute(command);
        if (result.status != 0) {
            throw new FaultException(new LauncherFault.CommandFailed(command, result.output));
        }
    }

    private record Result(int status, String output) {}

    private static Result execute(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException e) {
            throw new FaultException(new LauncherFault.CommandFailed(command, e.toString()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(new LauncherFault.CommandFailed(command, "interrupted"), e);
        }
    }
}
