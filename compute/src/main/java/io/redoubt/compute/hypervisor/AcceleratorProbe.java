// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import io.redoubt.compute.host.Command;
import io.redoubt.compute.host.HostFault;
import io.redoubt.compute.host.RunAs;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Chooses the accelerator by booting something. `/dev/kvm` may exist, open and accept a guest that then never starts.
///
/// The answer is kept below `cache` for each kernel of the host, version of QEMU and user; remove the file to ask again.
public record AcceleratorProbe(QemuProgram program, Path cache, Optional<RunAs> runAs) {
    /// What the small system writes when its own code runs.
    public static final String MARKER = "REDOUBT-PROBE-OK";

    /// A boot under a KVM that works takes about a second.
    static final Duration BOOT_BOUND = Duration.ofSeconds(10);

    private static final int MEMORY_MEBIBYTES = 128;
    private static final String APPEND = "console=ttyS0 quiet redoubt.probe=1";

    /// @param reason for a person: what was seen
    public record Verdict(Accelerator accelerator, String reason) {}

    /// @param kernel for example the one of the `tiny` template
    /// @param initrd writes [#MARKER] and powers off when the command line has `redoubt.probe=1`
    public Verdict choose(Path kernel, Path initrd) {
        if (!KvmDevice.exists()) {
            return new Verdict(Accelerator.TCG, "this host has no /dev/kvm");
        }
        Path file = cache.resolve(fileName());
        try {
            if (Files.exists(file)) {
                String[] words = Files.readString(file).strip().split(" ", 2);
                return new Verdict(Accelerator.valueOf(words[0]), words[1]);
            }
            Verdict verdict = boot(Accelerator.KVM, kernel, initrd, BOOT_BOUND);
            Files.createDirectories(cache);
            Path draft = Files.createTempFile(cache, "accelerator", ".draft");
            Files.writeString(draft, verdict.accelerator() + " " + verdict.reason() + "\n");
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            return verdict;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String fileName() {
        int uid = runAs.map(RunAs::uid).orElseGet(RunAs::currentUid);
        return "accelerator_%s_%s_%d"
                .formatted(System.getProperty("os.version", "unknown"), program.version(), uid);
    }

    /// A boot under `accelerator`: the verdict is for it, or for TCG.
    Verdict boot(Accelerator accelerator, Path kernel, Path initrd, Duration bound) {
        runAs.ifPresent(user -> user.requireReach(kernel));
        var words =
                new ArrayList<>(
                        runAs.map(user -> user.prefix(KvmDevice.groups()))
                                .orElse(List.of("setpriv", "--no-new-privs")));
        words.addAll(
                new QemuCommand(program.path(), accelerator, Duration.ZERO)
                        .base(MEMORY_MEBIBYTES, 1));
        words.addAll(List.of("-no-reboot", "-serial", "stdio", "-append", APPEND));
        words.addAll(List.of("-kernel", kernel.toString(), "-initrd", initrd.toString()));
        long start = System.nanoTime();
        try {
            Command.Outcome outcome = Command.of(words.toArray(String[]::new)).within(bound).run();
            long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
            return outcome.output().contains(MARKER)
                    ? new Verdict(accelerator, "a test guest booted under it in " + millis + " ms")
                    : new Verdict(
                            Accelerator.TCG,
                            "KVM ended without a boot: " + oneLine(outcome.lastLines()));
        } catch (FaultException e) {
            if (e.fault() instanceof HostFault.CommandTooSlow) {
                return new Verdict(
                        Accelerator.TCG,
                        "a test guest under KVM did not boot within %d ms"
                                .formatted(bound.toMillis()));
            }
            throw e;
        }
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }
}
