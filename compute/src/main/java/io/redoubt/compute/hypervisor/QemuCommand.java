// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.hypervisor;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// The command line of a machine. Every value goes in as JSON or as a checked name, so that no comma in a path becomes an option.
record QemuCommand(Path program, Accelerator accelerator, Duration reconnect) {
    private static final JsonMapper JSON = new JsonMapper();

    /// What each QEMU of ours gets, also one that only tests the accelerator. The sandbox ends the process at the first attempt to
    /// gain a privilege, to start a program, or to use an obsolete or resource-control call.
    List<String> base(long memoryMebibytes, int processors) {
        return List.of(
                program.toString(),
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-sandbox",
                "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                // What no guest of ours uses is left out: each device costs time in the firmware
                // and in the kernel.
                "-machine",
                "q35,hpet=off,smm=off,sata=off,vmport=off,smbus=off",
                "-accel",
                accelerator == Accelerator.KVM ? "kvm" : "tcg,tb-size=128",
                "-cpu",
                accelerator == Accelerator.KVM ? "host" : "max",
                "-smp",
                Integer.toString(processors),
                "-m",
                memoryMebibytes + "M");
    }

    List<String> of(MachineSpec spec, MachineFiles files, List<String> seedNames) {
        var words = new ArrayList<>(base(spec.memory().value() >> 20, spec.processors()));
        words.addAll(List.of("-name", "guest=" + spec.id().value() + ",debug-threads=on"));
        words.addAll(List.of("-pidfile", files.pidFile().toString()));
        words.addAll(List.of("-boot", "strict=on,menu=off"));
        words.addAll(List.of("-msg", "timestamp=on"));
        channel(words, "monitor", files.monitor());
        words.addAll(List.of("-mon", "chardev=monitor,mode=control"));
        words.add("-chardev");
        words.add("file,id=serial,append=on,path=" + escaped(files.serial().path()));
        words.addAll(List.of("-serial", "chardev:serial"));
        channel(words, "agent", files.agent());
        device(words, Map.of("driver", "virtio-serial-pci", "id", "channels"));
        device(
                words,
                Map.of(
                        "driver", "virtserialport",
                        "bus", "channels.0",
                        "chardev", "agent",
                        "name", "org.qemu.guest_agent.0"));
        device(words, Map.of("driver", "virtio-rng-pci", "id", "random"));
        for (int i = 0; i < spec.disks().size(); i++) {
            disk(words, spec.disks().get(i), i);
        }
        nic(words, spec.nic());
        for (int i = 0; i < seedNames.size(); i++) {
            words.add("-fw_cfg");
            words.add("name=" + seedNames.get(i) + ",file=" + escaped(files.seed(i)));
        }
        if (spec.paused()) {
            words.add("-S");
        }
        return List.copyOf(words);
    }

    private void disk(List<String> words, DiskSpec disk, int index) {
        var block = new LinkedHashMap<String, Object>();
        block.put("driver", "nbd");
        block.put("node-name", disk.name());
        block.put("server", Map.of("type", "unix", "path", disk.socket().toString()));
        block.put("export", disk.export());
        block.put("reconnect-delay", reconnect.toSeconds());
        block.put("discard", "unmap");
        // No cache in QEMU: what the guest flushed is with the server, and nothing is written
        // behind its back.
        block.put("cache", Map.of("direct", true, "no-flush", false));
        words.addAll(List.of("-blockdev", JSON.writeValueAsString(block)));
        var front = new LinkedHashMap<String, Object>();
        front.put("driver", "virtio-blk-pci");
        front.put("id", "disk-" + disk.name());
        front.put("drive", disk.name());
        front.put("serial", disk.name());
        front.put("bootindex", index + 1);
        front.put("write-cache", "on");
        // An error halts the machine and is not shown to the guest, which would go read-only for a
        // fault that may pass.
        front.put("werror", "stop");
        front.put("rerror", "stop");
        device(words, front);
    }

    private static void nic(List<String> words, Nic nic) {
        switch (nic) {
            case NONE -> {}
            case RESTRICTED -> {
                words.addAll(List.of("-netdev", "user,id=net,restrict=on"));
                device(
                        words,
                        Map.of(
                                "driver", "virtio-net-pci",
                                "netdev", "net",
                                "id", "nic",
                                "romfile", ""));
            }
        }
    }

    private static void channel(List<String> words, String id, Path socket) {
        words.add("-chardev");
        words.add("socket,id=" + id + ",server=on,wait=off,path=" + escaped(socket));
    }

    private static void device(List<String> words, Map<String, Object> properties) {
        words.addAll(List.of("-device", JSON.writeValueAsString(properties)));
    }

    /// QEMU's own rule for a comma inside a value.
    private static String escaped(Path path) {
        return path.toString().replace(",", ",,");
    }
}
