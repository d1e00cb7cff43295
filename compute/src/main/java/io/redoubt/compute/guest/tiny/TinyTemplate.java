// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.Template;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Makes the `tiny` template, once: a Debian kernel, busybox, the guest agent, sqlite and the tools of ext4 and XFS.
///
/// A template's directory is `templates/tiny-HASH` below the cache, HASH over the recipe and the versions of all packages. It appears
/// whole: built beside, made durable, then renamed. A published one is taken as long as the recipe is the same, without a look at
/// the network; [#rebuild] asks for newer packages.
///
/// @param cache    absolute; readable by the user as whom QEMU runs, for the test boot of the accelerator
/// @param progress told each step, a line for a person
public record TinyTemplate(Path cache, Consumer<String> progress) {
    /// Its programs run on every host that has a C library of its age or a newer one.
    private static final String OLDEST_RELEASE = "bookworm";

    /// What `initramfs-init` calls.
    private static final List<String> INITRAMFS_COMMANDS =
            List.of(
                    "sh",
                    "mount",
                    "insmod",
                    "cat",
                    "tail",
                    "sleep",
                    "usleep",
                    "poweroff",
                    "switch_root");

    /// The script of the demo's writer, to be given to a machine as the seed [#USER_DATA]; its first lines say what it writes.
    public static String demoWriter() {
        return Recipe.text("demo-writer.sh");
    }

    /// The seed with a script that the guest runs after its boot.
    public static final String USER_DATA = "opt/redoubt/user-data";

    /// The seed that says `verify` when a guest shall only check its disks.
    public static final String MODE = "opt/redoubt/mode";

    /// Written to the serial line when the guest has booted.
    public static final String READY = "GUEST-READY";

    /// The published template of this recipe, the newest if there are several, or a new one.
    public Template require() {
        return Published.in(templates())
                .find()
                .orElseGet(() ->
                        locked(() -> Published.in(templates()).find().orElseGet(this::build)));
    }

    /// A template with the newest packages; the published one when it has them.
    public Template rebuild() {
        return locked(this::build);
    }

    private Path templates() {
        return cache.resolve("templates");
    }

    private Template locked(Supplier<Template> work) {
        return BuildLock.of(templates().resolve(".lock")).hold(work);
    }

    private Template build() {
        return build(ingredients());
    }

    /// @param ingredients already fetched
    Template build(Ingredients ingredients) {
        long start = System.nanoTime();
        Published published = Published.in(templates());
        Optional<Template> present = published.find(ingredients.hash());
        if (present.isPresent()) {
            return present.get();
        }
        progress.accept("Building tiny-" + ingredients.hash() + " with " + ingredients.kernel());
        Path work = published.draft();
        try {
            ingredients.unpack(work);
            assemble(work);
            Template made =
                    published.publish(
                            work, ingredients.hash(), ingredients.versions(), BootDisk.SIZE);
            progress.accept(
                    "tiny-%s was made in %.1f s"
                            .formatted(made.hash(), (System.nanoTime() - start) / 1e9));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Trees.delete(work);
        }
    }

    /// From the host's package lists; when they do not do, from its sources with new lists; else from Debian's own archive.
    private Ingredients ingredients() {
        try {
            return Ingredients.of(DebianPackages.ofHost(cache), progress);
        } catch (FaultException e) {
            progress.accept("The package lists of this host do not do: " + e.getMessage());
        }
        try {
            return Ingredients.of(DebianPackages.ofHostSources(cache), progress);
        } catch (FaultException e) {
            progress.accept("The package sources of this host do not do: " + e.getMessage());
        }
        return Ingredients.of(DebianPackages.ofDebian(cache, OLDEST_RELEASE), progress);
    }

    /// From unpacked packages to kernel, initramfs and disk, all in `work/out`.
    private static void assemble(Path work) throws IOException {
        Path out = Files.createDirectories(work.resolve("out"));
        Path packages = work.resolve(Ingredients.GUEST);
        KernelModules modules = KernelModules.of(work.resolve(Ingredients.KERNEL));
        Path kernel = out.resolve("vmlinuz");
        Files.copy(
                Trees.require(
                        work.resolve(Ingredients.KERNEL), "boot/vmlinuz-" + modules.release()),
                kernel);
        Path initrd = out.resolve("initrd");
        Files.write(initrd, initramfs(packages, modules));
        Path root = Files.createDirectories(work.resolve("root"));
        new RootTree(root, packages, modules).fill();
        new BootDisk(out.resolve("image.raw"), work.resolve(Ingredients.TOOLS))
                .write(kernel, initrd, root);
        for (Path file : Trees.list(out)) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        }
    }

    private static byte[] initramfs(Path packages, KernelModules modules) throws IOException {
        var early = modules.ordered(Recipe.words("modules.txt", "early"));
        Cpio cpio = new Cpio();
        for (String directory :
                List.of("bin", "dev", "proc", "sys", "run", "root", "lib", "lib/modules")) {
            cpio.directory(directory);
        }
        cpio.device("dev/console", 5, 1);
        for (String name : INITRAMFS_COMMANDS) {
            cpio.link("bin/" + name, "busybox");
        }
        cpio.file("bin/busybox", read(Trees.require(packages, "bin/busybox", "usr/bin/busybox")));
        cpio.file(
                "bin/e2fsck",
                read(Trees.require(packages, "sbin/e2fsck.static", "usr/sbin/e2fsck.static")));
        cpio.file("init", Recipe.text("initramfs-init").getBytes(StandardCharsets.UTF_8));
        var order = new StringBuilder();
        for (String name : early) {
            cpio.file("lib/modules/" + name + ".ko", modules.content(name));
            order.append(name).append(".ko\n");
        }
        cpio.file("lib/modules/order", order.toString().getBytes(StandardCharsets.UTF_8));
        return cpio.finish();
    }

    private static byte[] read(Path file) throws IOException {
        return Files.readAllBytes(file);
    }
}
