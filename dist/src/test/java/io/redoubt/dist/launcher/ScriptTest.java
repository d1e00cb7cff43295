// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The entry script on hosts that lack something. Its PATH holds only what the test puts there.
class ScriptTest {
    private static final Path ROOT =
            Path.of(System.getProperty("redoubt.root", "..")).toAbsolutePath().normalize();
    private static final List<String> TOOLS =
            List.of(
                    "bash readlink dirname find sort sha256sum cut cat grep sed awk df flock mkdir"
                            .split(" "));
    private static final List<String> MORE_TOOLS =
            List.of("rm cp touch tee tail head sleep id uname".split(" "));
    private static final long SECONDS_MAX = 60;

    @TempDir Path directory;
    private Path bin = Path.of("");
    private Path jvms = Path.of("");

    @BeforeEach
    void emptyHost() throws IOException {
        bin = Files.createDirectory(directory.resolve("bin"));
        jvms = Files.createDirectory(directory.resolve("jvms"));
        for (List<String> tools : List.of(TOOLS, MORE_TOOLS)) {
            for (String tool : tools) {
                executable(bin.resolve(tool), "exec " + whereIs(tool) + " \"$@\"");
            }
        }
    }

    @Test
    void a_wrong_verb_suggests_the_right_one() throws Exception {
        Said said = redoubt("statsu");
        assertThat(said.status).isEqualTo(2);
        assertThat(said.errors)
                .contains("no verb 'statsu'", "Did you mean: ./redoubt status", "--help");
        assertThat(redoubt("xyzzy").errors).contains("--help").doesNotContain("Did you mean");
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo", "up", "down", "status", "test", "check", "sim", "control"})
    void help_needs_neither_a_jdk_nor_a_build(String verb) throws Exception {
        Said said = redoubt(verb, "--help");
        assertThat(said.status).isZero();
        assertThat(said.output).startsWith("./redoubt " + verb);
        assertThat(redoubt("help", verb).output).isEqualTo(said.output);
    }

    @Test
    void help_alone_lists_every_verb() throws Exception {
        String help = redoubt("--help").output;
        String verbs = Files.readString(ROOT.resolve("dist/lib/verbs.sh"));
        String list = verbs.substring(verbs.indexOf("VERBS=(") + 7, verbs.indexOf(')'));
        assertThat(help).contains(list.split(" "));
    }

    @Test
    void without_a_jdk_the_exact_commands_are_printed() throws Exception {
        Said said = redoubt("status");
        assertThat(said.status).isEqualTo(3);
        assertThat(said.errors)
                .contains("no JDK 25 or newer was found: looked at JAVA_HOME (not set)")
                .containsAnyOf("apt-get install", "tar -xzf", "dnf install", "pacman -S");
    }

    @Test
    void a_java_17_alone_is_not_enough() throws Exception {
        Said said = redoubt(List.of("JAVA_HOME=" + jdk("jdk-17", "17.0.2")), ROOT, "status");
        assertThat(said.status).isEqualTo(3);
        assertThat(said.errors).contains("no JDK 25", "jdk-17");
    }

    @Test
    void a_java_home_of_17_is_passed_over_with_a_note() throws Exception {
        Path old = jdk("jdk-17", "17.0.2");
        Path good = jdk("jdk-25", "25.0.1");
        jdk("jdk-99", "99-ea");
        Said said = redoubt(List.of("JAVA_HOME=" + old, "REDOUBT_CLASSES=target"), ROOT, "status");
        assertThat(said.status).isZero();
        assertThat(said.errors)
                .contains("JAVA_HOME=" + old + " is Java 17, too old; using " + good);
        assertThat(said.output)
                .contains("--enable-native-access=ALL-UNNAMED", "LauncherMain status");
    }

    @Test
    void another_platform_is_named_first() throws Exception {
        command("uname", "echo Darwin arm64");
        Said said = redoubt("up");
        assertThat(said.status).isEqualTo(3);
        assertThat(said.errors).startsWith("redoubt: this host is Darwin arm64;");
    }

    @Test
    void too_little_memory_or_disk_is_named_with_the_numbers() throws Exception {
        Path meminfo =
                Files.writeString(directory.resolve("meminfo"), "MemAvailable:  3145728 kB\n");
        Said memory = library("require_room " + meminfo + " /");
        assertThat(memory.status).isEqualTo(3);
        assertThat(memory.errors).contains("3.0 GiB of memory is available", "4.0 GiB");

        Files.writeString(meminfo, "MemAvailable:  4194304 kB\n");
        command("df", "printf 'head\\n/dev/x 9 9 2097152 9%% /\\n'");
        Said disk = library("require_room " + meminfo + " /not/there");
        assertThat(disk.status).isEqualTo(3);
        assertThat(disk.errors).contains("/ has 2.0 GiB of free disk", "5.0 GiB");
    }

    @Test
    void who_is_not_root_gets_the_command_for_the_missing_packages() throws Exception {
        command("id", "echo 1000");
        command("apt-get", "echo never >&2; exit 9");
        Said said = library("is_debian() { true; }; require_packages build region");
        assertThat(said.status).isEqualTo(3);
        assertThat(said.errors)
                .contains(
                        "sudo apt-get install --no-install-recommends maven qemu-system-x86 qemu-utils")
                .doesNotContain("never", "fio");
    }

    @Test
    void root_on_debian_sees_the_list_and_gets_the_packages() throws Exception {
        command("id", "echo 0");
        command(
                "apt-get",
                "echo \"$@\" >>%s/calls; for p in mvn; do printf '#!/bin/sh\\n' >%s/$p; /bin/chmod +x %s/$p; done"
                        .formatted(directory, bin, bin));
        Said said =
                library(
                        "ROOT=%s; mkdir -p $ROOT/dist; cp -r %s/dist/lib $ROOT/dist/; is_debian() { true; }; require_packages build"
                                .formatted(directory.resolve("tree"), ROOT));
        assertThat(said.status).as(said.errors).isZero();
        assertThat(said.errors).contains("Installing host packages: maven");
        assertThat(Files.readString(directory.resolve("calls")))
                .contains("DPkg::Lock::Timeout=", "install --no-install-recommends maven");
    }

    @Test
    void a_build_happens_on_first_use_and_after_a_change_only_and_once_for_two_callers()
            throws Exception {
        Path tree =
                tree(
                        "echo '[INFO] Building Redoubt: sim 0.1.0 [1/1]'; sleep 1; mkdir -p simulation/target/classes;"
                                + " echo x.jar >simulation/target/classpath; echo call >>calls");
        List<String> java = List.of("JAVA_HOME=" + jdk("jdk-25", "25.0.1"));
        Process first = start(java, tree, "sim", "--seed", "1");
        Process second = start(java, tree, "sim", "--seed", "2");
        assertThat(finish(first).output).contains("SimMain --seed 1");
        assertThat(finish(second).output).contains("SimMain --seed 2");
        assertThat(redoubt(java, tree, "sim").status).isZero();
        assertThat(Files.readAllLines(tree.resolve("calls"))).hasSize(1);

        Files.writeString(tree.resolve("simulation/src/main/java/Sim.java"), "class Sim {}");
        Said rebuilt = redoubt(java, tree, "sim");
        assertThat(rebuilt.errors).contains("Building Redoubt", "sim [1/1]");
        assertThat(Files.readAllLines(tree.resolve("calls"))).hasSize(2);
    }

    @Test
    void a_failed_build_shows_its_errors_and_where_the_log_is() throws Exception {
        Path tree = tree("echo '[ERROR] Sim.java:[1,7] error: no such thing'; exit 1");
        Said said = redoubt(List.of("JAVA_HOME=" + jdk("jdk-25", "25.0.1")), tree, "sim");
        assertThat(said.status).isEqualTo(1);
        assertThat(said.errors).contains("Sim.java:[1,7] error: no such thing", "build.log");
    }

    /// The script and its library beside one module, in a directory that is no git repository, with this `mvn`.
    private Path tree(String maven) throws IOException {
        Path tree = directory.resolve("tree");
        Path lib = Files.createDirectories(tree.resolve("dist/lib"));
        try (var files = Files.list(ROOT.resolve("dist/lib"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, lib.resolve(file.getFileName()));
            }
        }
        Files.copy(ROOT.resolve("redoubt"), tree.resolve("redoubt"));
        Files.createDirectories(tree.resolve("simulation/src/main/java"));
        Files.writeString(tree.resolve("pom.xml"), "<project/>");
        command("mvn", maven);
        return tree;
    }

    private Path jdk(String name, String version) throws IOException {
        Path home = jvms.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        executable(home.resolve("bin/javac"), "exit 0");
        executable(home.resolve("bin/java"), "echo \"$@\"");
        return home;
    }

    private void command(String name, String body) throws IOException {
        Files.deleteIfExists(bin.resolve(name));
        executable(bin.resolve(name), body);
    }

    private static void executable(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/bash\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path whereIs(String tool) {
        return List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin").stream()
                .map(place -> Path.of(place, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this host has no " + tool));
    }

    private record Said(int status, String output, String errors) {}

    private Said redoubt(String... arguments) throws Exception {
        return redoubt(List.of(), ROOT, arguments);
    }

    private Said redoubt(List<String> variables, Path tree, String... arguments) throws Exception {
        return finish(start(variables, tree, arguments));
    }

    private Process start(List<String> variables, Path tree, String... arguments)
            throws IOException {
        var command = new ArrayList<String>();
        command.add(tree.resolve("redoubt").toString());
        command.addAll(List.of(arguments));
        return start(variables, command);
    }

    /// Some words in bash after all of the script's library was read.
    private Said library(String words) throws Exception {
        String read =
                "set -euo pipefail; ROOT=%s; for p in say verbs platform java packages build; do . $ROOT/dist/lib/$p.sh; done; "
                        .formatted(ROOT);
        return finish(start(List.of(), List.of("/bin/bash", "-c", read + words)));
    }

    private Process start(List<String> variables, List<String> command) throws IOException {
        var builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("PATH", bin.toString());
        builder.environment().put("HOME", directory.toString());
        builder.environment().put("REDOUBT_JVMS", jvms.toString());
        for (String variable : variables) {
            int equals = variable.indexOf('=');
            builder.environment()
                    .put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        long number = System.nanoTime();
        builder.redirectOutput(directory.resolve(number + ".out").toFile());
        builder.redirectError(directory.resolve(number + ".err").toFile());
        Process process = builder.start();
        process.getOutputStream().close();
        outputs.put(process, number);
        return process;
    }

    private final java.util.Map<Process, Long> outputs = new java.util.HashMap<>();

    private Said finish(Process process) throws Exception {
        assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        long number = java.util.Objects.requireNonNull(outputs.get(process));
        return new Said(
                process.exitValue(),
                Files.readString(directory.resolve(number + ".out")),
                Files.readString(directory.resolve(number + ".err")));
    }
}
