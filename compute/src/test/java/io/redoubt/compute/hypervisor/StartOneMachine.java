// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.lab.Lab;
import io.redoubt.core.Bytes;
import io.redoubt.core.MachineId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A program of its own that starts a machine, says its process number, and waits to be killed.
final class StartOneMachine {
    private StartOneMachine() {}

    static Process inItsOwnProcess(Path base, Path socket) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        StartOneMachine.class.getName(),
                        base.toString(),
                        socket.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /// @param arguments the base of the machines, the socket of the disk
    public static void main(String[] arguments) throws InterruptedException {
        var qemu =
                new Qemu(
                        QemuProgram.find(),
                        Path.of(arguments[0]),
                        Lab.runAs(),
                        Accelerator.TCG,
                        Duration.ofSeconds(3));
        var spec =
                new MachineSpec(
                        new MachineId("m1"),
                        Bytes.mebibytes(192),
                        1,
                        List.of(new DiskSpec("root", Path.of(arguments[1]), "root-1")),
                        Map.of(),
                        Nic.NONE,
                        false);
        Machine machine = qemu.start(spec, event -> {});
        System.out.println(machine.process().pid());
        Thread.sleep(Duration.ofMinutes(2));
    }
}
