// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.machines;

import io.redoubt.compute.host.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a point shows of the guest's database to one who recovers nothing: the file system is read without its journal being replayed, and the
/// database is opened as `immutable`, which looks at no log of it. The programs are the guest's own, out of the same point.
///
/// @param log     bytes in the write-ahead log, which an opening database would have to recover
/// @param said    the database's own check: `ok`, or what is wrong
/// @param newest  transaction
/// @param bad     rows with a wrong checksum
record PointedDatabase(long log, String said, long newest, long rows, long bad) {
    private static final String LIBRARIES = "x86_64-linux-gnu";
    private static final String LOOK =
            """
            pragma integrity_check;
            select coalesce(max(n),0), count(*), coalesce(sum(sum<>hex(sha3(n||' '||body,256))),0) from t;\
            """;

    /// @param fileSystem an ext4 in a file; what is taken out of it is put beside
    static PointedDatabase in(Path fileSystem) throws IOException {
        Path out = Files.createDirectory(Path.of(fileSystem + ".d"));
        for (String directory : List.of("/data", "/lib/" + LIBRARIES, "/usr/bin")) {
            String _ =
                    Command.of(Command.require("debugfs", "e2fsprogs").toString())
                            .and("-R", "rdump " + directory + " " + out, fileSystem.toString())
                            .require();
        }
        Path database = out.resolve("data/t.db");
        Path log = out.resolve("data/t.db-wal");
        long left = Files.exists(log) ? Files.size(log) : 0;
        if (!Files.exists(database)) {
            return new PointedDatabase(left, "there is no database", 0, 0, 0);
        }
        Path libraries = out.resolve(LIBRARIES);
        Command.Outcome outcome =
                Command.of(libraries.resolve("ld-linux-x86-64.so.2").toString())
                        .and("--library-path", libraries.toString())
                        .and(out.resolve("bin/sqlite3").toString(), "-separator", " ")
                        .and("file:" + database + "?immutable=1", LOOK)
                        .run();
        List<String> lines = outcome.output().lines().toList();
        if (outcome.exit() != 0 || lines.size() != 2) {
            return new PointedDatabase(left, outcome.lastLines(), 0, 0, 0);
        }
        String[] found = lines.getLast().split(" ");
        return new PointedDatabase(
                left,
                lines.getFirst(),
                Long.parseLong(found[0]),
                Long.parseLong(found[1]),
                Long.parseLong(found[2]));
    }

    /// Each transaction is three rows.
    boolean whole() {
        return log == 0 && said.equals("ok") && rows == 3 * newest && bad == 0;
    }
}
