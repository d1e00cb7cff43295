// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.compute.guest.tiny;

import io.redoubt.compute.guest.GuestFault;
import io.redoubt.compute.host.Command;
import io.redoubt.core.fault.FaultException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Packages as apt knows them: which version is the newest, what it needs, its bytes. Nothing is installed.
///
/// @param options for each call of apt: which lists it reads
/// @param store   where packages are kept after their download
record DebianPackages(List<String> options, Path store) {
    private static final Duration DOWNLOAD_BOUND = Duration.ofMinutes(10);

    private static final String KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
    private static final String ARCHIVE = "http://deb.debian.org/debian";

    private static final Pattern FILE =
            Pattern.compile("^'[^']+' (\\S+) \\d+ SHA256:([0-9a-f]{64})$", Pattern.MULTILINE);
    private static final Pattern LIBRARY = Pattern.compile("z?lib(?!python|perl).*(?<!-perl)");
    private static final Pattern PART = Pattern.compile(" [ |](?:Pre)?Depends: (\\S+)");

    /// A file of the archive; its name holds package, version and architecture.
    record Archive(String file, String sha256) {
        String packageName() {
            return file.substring(0, file.indexOf('_'));
        }

        String version() {
            String version = file.substring(file.indexOf('_') + 1, file.lastIndexOf('_'));
            return URLDecoder.decode(version.replace("+", "%2B"), StandardCharsets.UTF_8);
        }
    }

    /// With the lists of the host.
    static DebianPackages ofHost(Path cache) {
        return new DebianPackages(
                List.of("-o", "APT::Sandbox::User=root"), cache.resolve("packages"));
    }

    /// With lists of our own below the cache, read anew from the host's sources: for a host whose lists are missing or old.
    static DebianPackages ofHostSources(Path cache) {
        return ofOwnLists(cache, "host", List.of());
    }

    /// From Debian's own archive: for a host that is not Debian. Its keys come with the package debian-archive-keyring.
    static DebianPackages ofDebian(Path cache, String release) {
        Path sources = cache.resolve("apt-" + release + ".list");
        try {
            Files.createDirectories(cache);
            Files.writeString(
                    sources,
                    "deb [arch=amd64 signed-by="
                            + KEYS
                            + "] "
                            + ARCHIVE
                            + " "
                            + release
                            + " main\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ofOwnLists(
                cache,
                release,
                List.of("-o", "Dir::Etc::sourcelist=" + sources, "-o", "Dir::Etc::sourceparts=-"));
    }

    private static DebianPackages ofOwnLists(Path cache, String name, List<String> sources) {
        Path state = cache.resolve("apt-" + name);
        try {
            Files.createDirectories(state.resolve("lists/partial"));
            Files.createDirectories(state.resolve("archives/partial"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var options = new ArrayList<>(List.of("-o", "APT::Sandbox::User=root"));
        options.addAll(List.of("-o", "Dir::State::lists=" + state.resolve("lists")));
        options.addAll(List.of("-o", "Dir::Cache=" + state));
        options.addAll(List.of("-o", "Acquire::Languages=none"));
        options.addAll(sources);
        var packages = new DebianPackages(List.copyOf(options), cache.resolve("packages"));
        packages.apt("apt-get", "update", "-q").within(DOWNLOAD_BOUND).require();
        return packages;
    }

    /// The one package that a package without content depends on: the newest kernel.
    String target(String name) {
        return depends(List.of(name)).getOrDefault(name, List.of()).stream()
                .findFirst()
                .orElseThrow(() ->
                        new FaultException(
                                new GuestFault.PackageUnknown(name, "no dependency is listed")));
    }

    /// These packages and, of what they depend on, the libraries. Programs that they also want are not needed to run them.
    Set<String> withLibraries(List<String> wanted, Set<String> skipped) {
        Map<String, List<String>> depends = depends(wanted);
        var found = new LinkedHashSet<String>();
        var open = new ArrayDeque<>(wanted);
        while (!open.isEmpty()) {
            String name = open.remove();
            if (found.add(name)) {
                for (String part : depends.getOrDefault(name, List.of())) {
                    if (LIBRARY.matcher(part).matches() && !skipped.contains(part)) {
                        open.add(part);
                    }
                }
            }
        }
        return found;
    }

    /// The newest files of these packages, with the checksums of the signed list.
    Map<String, Archive> newest(Set<String> names) {
        Path empty = temporary(); // apt names only files that are not here yet
        try {
            var words = new ArrayList<>(List.of("apt-get", "download", "--print-uris"));
            words.addAll(names);
            Command.Outcome outcome = apt(words.toArray(String[]::new)).in(empty).run();
            var archives = new TreeMap<String, Archive>();
            Matcher matcher = FILE.matcher(outcome.output());
            while (matcher.find()) {
                var archive = new Archive(matcher.group(1), matcher.group(2));
                archives.put(archive.packageName(), archive);
            }
            for (String name : names) {
                if (!archives.containsKey(name)) {
                    throw new FaultException(
                            new GuestFault.PackageUnknown(name, outcome.lastLines()));
                }
            }
            return archives;
        } finally {
            Trees.delete(empty);
        }
    }

    /// Brings the files into the store, those that are not there yet, and checks every one.
    void fetch(Map<String, Archive> archives) {
        try {
            Files.createDirectories(store);
            var words = new ArrayList<>(List.of("apt-get", "download", "-q"));
            for (Archive archive : archives.values()) {
                if (!Files.exists(store.resolve(archive.file()))) {
                    words.add(archive.packageName() + "=" + archive.version());
                }
            }
            if (words.size() > 3) {
                Path incoming = Files.createTempDirectory(store, ".incoming-");
                try {
                    apt(words.toArray(String[]::new)).in(incoming).within(DOWNLOAD_BOUND).require();
                    Trees.moveAll(incoming, store);
                } finally {
                    Trees.delete(incoming);
                }
            }
            for (Archive archive : archives.values()) {
                check(archive);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Adds the files of a package to a directory.
    void unpack(Archive archive, Path directory) {
        Command.of(
                        "dpkg-deb",
                        "--extract",
                        store.resolve(archive.file()).toString(),
                        directory.toString())
                .require();
    }

    private void check(Archive archive) throws IOException {
        Path file = store.resolve(archive.file());
        String found = Recipe.sha256(Files.readAllBytes(file));
        if (!found.equals(archive.sha256())) {
            Files.delete(file);
            throw new FaultException(
                    new GuestFault.PackageDamaged(archive.file(), archive.sha256(), found));
        }
    }

    private Map<String, List<String>> depends(List<String> names) {
        var words = new ArrayList<>(List.of("apt-cache", "depends", "--recurse"));
        for (String kind :
                List.of("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")) {
            words.add("--no-" + kind);
        }
        words.addAll(names);
        Command.Outcome outcome = apt(words.toArray(String[]::new)).run();
        if (outcome.exit() != 0) {
            throw new FaultException(
                    new GuestFault.PackageUnknown(String.join(", ", names), outcome.lastLines()));
        }
        var depends = new HashMap<String, List<String>>();
        List<String> parts = new ArrayList<>();
        for (String line : outcome.output().lines().toList()) {
            Matcher part = PART.matcher(line);
            if (part.matches()) {
                parts.add(part.group(1));
            } else if (!line.startsWith(" ")) {
                parts = new ArrayList<>();
                depends.put(line.strip(), parts);
            }
        }
        return depends;
    }

    private Command apt(String... words) {
        Command.require(words[0], "apt");
        var argv = new ArrayList<>(List.of(words));
        argv.addAll(1, options);
        return Command.of(argv.toArray(String[]::new));
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("redoubt-apt");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
