// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.cli;

import io.redoubt.core.Bytes;
import io.redoubt.core.fault.FaultException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// `redoubt machine|volume|group|…`: asks a region, or changes it. Exit status 0 done, 1 refused or failed, 2 asked wrongly.
@Command(
        name = "redoubt",
        description = "Machines that must not be lost.",
        synopsisSubcommandLabel = "COMMAND")
public final class CliMain {
    private static final int FAILED = 1;

    /// The verbs of the entry script with their options, for the completion only.
    private static final List<List<String>> SCRIPT_VERBS =
            List.of(
                    List.of("demo", "--exit", "--json"),
                    List.of("up", "--http-port", "--grpc-port", "--json"),
                    List.of("down"),
                    List.of("status", "--json"),
                    List.of("test", "--long"),
                    List.of("check"),
                    List.of("sim", "--seeds", "--from", "--seed"),
                    List.of("bench", "--rounds", "--quick", "--only", "--json", "--markdown"),
                    List.of("control", "--home", "--http-port", "--grpc-port"),
                    List.of("journal"));

    private CliMain() {}

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        var line = new CommandLine(new CliMain());
        line.addSubcommand(
                noun(Nouns.MACHINE, "Guests.")
                        .addSubcommand(new MachineCommands.Create())
                        .addSubcommand(new MachineCommands.Start())
                        .addSubcommand(new MachineCommands.Stop())
                        .addSubcommand(new Writes.Delete(Nouns.MACHINE)));
        line.addSubcommand(
                noun(Nouns.VOLUME, "Disks of machines.")
                        .addSubcommand(new StorageCommands.CreateVolume())
                        .addSubcommand(new StorageCommands.Resize(Nouns.VOLUME))
                        .addSubcommand(new LimitCommands.LimitVolume())
                        .addSubcommand(new StorageCommands.Hydrate())
                        .addSubcommand(new Writes.Delete(Nouns.VOLUME))
                        .addSubcommand(snapshots()));
        line.addSubcommand(
                noun(Nouns.DATASTORE, "Room for volumes in a zone.")
                        .addSubcommand(new StorageCommands.CreateDatastore())
                        .addSubcommand(new StorageCommands.Resize(Nouns.DATASTORE))
                        .addSubcommand(new LimitCommands.LimitDatastore())
                        .addSubcommand(new Writes.Delete(Nouns.DATASTORE)));
        line.addSubcommand(
                noun(Nouns.CLASS.name(), "What can be ordered as a datastore.")
                        .addSubcommand(new Reads.ListAll(Nouns.CLASS)));
        line.addSubcommand(
                noun(Nouns.POOL, "Where datastores get their room, for the operator.")
                        .addSubcommand(new StorageCommands.CreatePool())
                        .addSubcommand(new Writes.Delete(Nouns.POOL)));
        line.addSubcommand(
                noun(Nouns.GROUP.name(), "Machines that are protected and recovered together.")
                        .addSubcommand(new Reads.ListAll(Nouns.GROUP))
                        .addSubcommand(new GroupCommands.Show())
                        .addSubcommand(new GroupCommands.Protect())
                        .addSubcommand(new GroupCommands.Reverse())
                        .addSubcommand(new RecoverCommands.Reversal())
                        .addSubcommand(new RecoverCommands.FormerJournals())
                        .addSubcommand(new RecoverCommands.ForgetJournals())
                        .addSubcommand(new GroupCommands.Change())
                        .addSubcommand(new VerifyCommand())
                        .addSubcommand(new AlarmCommand())
                        .addSubcommand(new WordCommands.ListWords())
                        .addSubcommand(new WordCommands.ReceiverLost())
                        .addSubcommand(new MemberCommands.Add())
                        .addSubcommand(new MemberCommands.Remove())
                        .addSubcommand(new MemberCommands.End()));
        line.addSubcommand(
                noun("point", "Recovery points of a group.")
                        .addSubcommand(new PointCommands.ListPoints())
                        .addSubcommand(new PointCommands.ShowPoint())
                        .addSubcommand(new PointCommands.CreatePoint())
                        .addSubcommand(new PointCommands.ProtectPoint())
                        .addSubcommand(new PointCommands.ReleasePoint())
                        .addSubcommand(new PointCommands.DeletePoint())
                        .addSubcommand(new RecoverCommands.Recover())
                        .addSubcommand(new RecoverCommands.ListRecoveries()));
        line.addSubcommand(
                noun(Nouns.FAILOVER, "Recoveries in the other zone, tests and real ones.")
                        .addSubcommand(new FailoverCommands.StartFailover())
                        .addSubcommand(new FailoverCommands.Commit())
                        .addSubcommand(new FailoverCommands.Rollback())
                        .addSubcommand(new Writes.Delete(Nouns.FAILOVER)));
        line.addSubcommand(
                noun(Nouns.OPERATION, "Changes that run or ran.")
                        .addSubcommand(new RegionCommands.Watch()));
        line.addSubcommand(
                noun("region", "Which control plane the region obeys, for the operator.")
                        .addSubcommand(new WordCommands.ShowRegion())
                        .addSubcommand(new WordCommands.TakeOver()));
        line.addSubcommand(
                noun(Nouns.ZONE, "Availability zones.")
                        .addSubcommand(new RegionCommands.CreateZone()));
        line.addSubcommand(
                noun(Nouns.NODE, "Hosts of the zones. (./redoubt node --zone ZONE … runs one.)")
                        .addSubcommand(new RegionCommands.Invite()));
        line.addSubcommand(new Completion());
        line.registerConverter(Bytes.class, CliMain::size);
        line.setExecutionExceptionHandler(CliMain::failed);
        everywhere(line);
        return line;
    }

    private static CommandLine snapshots() {
        return noun("snapshot", "What a volume was, kept while it goes on.")
                .addSubcommand(new SnapshotCommands.ListAll())
                .addSubcommand(new SnapshotCommands.Show())
                .addSubcommand(new SnapshotCommands.Create())
                .addSubcommand(new SnapshotCommands.Changes())
                .addSubcommand(new SnapshotCommands.Revert())
                .addSubcommand(new SnapshotCommands.Delete());
    }

    private static Bytes size(String text) {
        try {
            return Bytes.parse(text);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.TypeConversionException(e.getMessage());
        }
    }

    private static CommandLine noun(Noun noun, String description) {
        return noun(noun.name(), description)
                .addSubcommand(new Reads.ListAll(noun))
                .addSubcommand(new Reads.Show(noun));
    }

    private static CommandLine noun(String name, String description) {
        CommandSpec spec = CommandSpec.create().name(name);
        spec.usageMessage().description(description).synopsisSubcommandLabel("COMMAND");
        return new CommandLine(spec);
    }

    private static void everywhere(CommandLine line) {
        line.getCommandSpec()
                .addOption(
                        OptionSpec.builder("-h", "--help")
                                .usageHelp(true)
                                .description("Show this help.")
                                .build());
        line.getSubcommands().values().forEach(CliMain::everywhere);
    }

    private static int failed(
            Exception failure, CommandLine line, CommandLine.ParseResult arguments)
            throws Exception {
        if (failure instanceof FaultException fault) {
            PrintWriter errors = line.getErr();
            errors.println("redoubt: " + fault.fault().message());
            errors.println("  " + fault.fault().remedy());
            return FAILED;
        }
        throw failure;
    }

    /// Not a part of the tree above: it shows all verbs, the script's too.
    @Command(
            name = "completion",
            description = "Prints the completion for bash: source <(./redoubt completion)")
    static final class Completion implements Callable<Integer> {
        @CommandLine.Spec private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() {
            CommandLine all = commandLine();
            for (List<String> verb : SCRIPT_VERBS) {
                CommandSpec script = CommandSpec.create().name(verb.getFirst());
                for (String option : verb.subList(1, verb.size())) {
                    script.addOption(OptionSpec.builder(option).build());
                }
                all.addSubcommand(new CommandLine(script));
            }
            spec.commandLine().getOut().println(AutoComplete.bash("redoubt", all));
            return 0;
        }
    }
}
