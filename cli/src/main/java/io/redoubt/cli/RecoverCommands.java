// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Single volumes out of the journal of a group, and the journals that it left behind.
final class RecoverCommands {
    private RecoverCommands() {}

    @Command(
            name = "recover",
            description = {
                "Makes a volume of its own of one volume of a group as it was, where the group's journal is.",
                "It can be used at once and is copied in the background; `point recoveries` tells how far it is.",
                "`point show` tells the last write of each volume in a point: any number between two of them can be chosen."
            })
    static final class Recover implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP", index = "0")
        private String group = "";

        @Parameters(paramLabel = "VOLUME", index = "1", description = "One of the group's.")
        private String volume = "";

        @ArgGroup(multiplicity = "1")
        private Moment moment = new Moment();

        @Option(names = "--name", required = true, description = "Of the new volume.")
        private String name = "";

        @Option(
                names = "--datastore",
                required = true,
                description = "One on the node that keeps the journal.")
        private String datastore = "";

        @Option(names = "--thin", description = "Room comes with the copying.")
        private boolean thin;

        @Option(
                names = "--rate",
                paramLabel = "SIZE",
                description = "Copy at most so much each second; as fast as it goes when left out.")
        private @Nullable Bytes rate;

        @Override
        public Integer call() {
            var body = new HashMap<String, Object>();
            body.put("volume", volume);
            body.put("name", name);
            body.put("datastore", datastore);
            moment.into(body);
            if (thin) {
                body.put("thin", true);
            }
            Bytes limit = rate;
            if (limit != null) {
                body.put("bytesPerSecond", limit.value());
            }
            return writes.post(
                    Nouns.recoveriesOf(group).path(),
                    body,
                    "volume %s is ready, and copied in the background".formatted(name));
        }
    }

    /// When.
    static final class Moment {
        @Option(names = "--point", description = "A recovery point's number, or newest.")
        private @Nullable String point;

        @Option(
                names = "--write",
                paramLabel = "NUMBER",
                description = "The last write that the new volume holds.")
        private @Nullable Long write;

        void into(Map<String, Object> body) {
            String chosen = point;
            if (chosen != null) {
                body.put("point", chosen);
            }
            Long last = write;
            if (last != null) {
                body.put("write", last);
            }
        }
    }

    @Command(
            name = "recoveries",
            description = "Lists the volumes that came out of a group's journal, newest first.")
    static final class ListRecoveries implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Override
        public Integer call() {
            Reads.printList(session, Nouns.recoveriesOf(group));
            return 0;
        }
    }

    @Command(
            name = "reversal",
            description =
                    "Shows how the reversal of a group stands: one that was refused can be tried again, or given up with reverse --abandon.")
    static final class Reversal implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Override
        public Integer call() {
            JsonNode reversal =
                    session.api().fetch(Nouns.GROUP.path() + "/" + Paths.part(group) + "/reversal");
            if (session.json()) {
                session.print(reversal);
            } else {
                Table.of(reversal).forEach(session::print);
            }
            return 0;
        }
    }

    @Command(
            name = "former-journals",
            description = "Lists the journals that a group left behind when it turned round.")
    static final class FormerJournals implements Callable<Integer> {
        @Mixin private Session session = new Session();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Override
        public Integer call() {
            Reads.printList(session, Nouns.formerJournalsOf(group));
            return 0;
        }
    }

    @Command(
            name = "forget-journals",
            description = {
                "Gives up the journals that a group left behind, for good: their points, what the other side wrote behind them,",
                "and the old volumes that they were begun with. The machines and the present journal go on."
            })
    static final class ForgetJournals implements Callable<Integer> {
        @Mixin private Writes writes = new Writes();

        @Parameters(paramLabel = "GROUP")
        private String group = "";

        @Override
        public Integer call() {
            return writes.delete(
                    Nouns.formerJournalsOf(group).path(),
                    "the former journals of group " + group + " are gone");
        }
    }
}
