// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.fault.Fault;
import io.redoubt.core.fault.FaultException;
import io.redoubt.dist.postgres.EmbeddedPostgres;
import io.redoubt.dist.postgres.PostgresSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.internal.jdbc.DriverDataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {
    /// Long enough for two slow cores, short enough to fail in this life.
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static Path base = Path.of("/");
    private static @org.jspecify.annotations.Nullable EmbeddedPostgres postgres;

    private final List<String> log = new CopyOnWriteArrayList<>();

    record Letter(String text) {}

    record Broken(String why) implements Fault {
        @Override
        public String message() {
            return why;
        }

        @Override
        public String remedy() {
            return "Mend it.";
        }
    }

    record Do(String name, List<String> log, Consumer<Letter> work) implements Step<Letter> {
        @Override
        public void run(Letter input) {
            log.add("run " + name);
            work.accept(input);
        }

        @Override
        public void undo(Letter input) {
            log.add("undo " + name);
        }

        @Override
        public Duration patience() {
            return Duration.ofSeconds(1);
        }
    }

    @BeforeAll
    static void database() throws Exception {
        base = Files.createTempDirectory("redoubt-wf");
        Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwx--x--x"));
        postgres = EmbeddedPostgres.start(new PostgresSettings(base.resolve("pg"), 0, "nobody"));
        Flyway.configure().dataSource(dataSource()).load().migrate();
    }

    @AfterAll
    static void leaveNothing() throws Exception {
        if (postgres != null) {
            postgres.close();
        }
        try (Stream<Path> all = Files.walk(base)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void steps_run_in_order_and_branches_at_once() throws Exception {
        var both = new java.util.concurrent.CyclicBarrier(2);
        Workflow<Letter> workflow =
                Workflow.named("letter.send", Letter.class)
                        .step(step("write"))
                        .together(
                                List.of(step("left", _ -> meet(both))),
                                List.of(step("right", _ -> meet(both))))
                        .step(step("post"));
        Operation ended = carryOut(workflow);
        assertThat(ended.state()).isEqualTo(Operation.State.SUCCEEDED);
        assertThat(log).startsWith("run write").endsWith("run post").hasSize(4);
        assertThat(ended.steps())
                .allMatch(step -> step.state() == Operation.Progress.DONE && step.attempts() == 1);
    }

    @Test
    void a_step_that_fails_walks_everything_back_the_last_first() throws Exception {
        Workflow<Letter> workflow =
                Workflow.named("letter.send", Letter.class)
                        .step(step("write"))
                        .step(step("stamp"))
                        .step(
                                step(
                                        "post",
                                        _ -> {
                                            throw new FaultException(new Broken("no post box"));
                                        }))
                        .step(step("never"));
        Operation ended = carryOut(workflow);
        assertThat(ended.state()).isEqualTo(Operation.State.FAILED);
        assertThat(ended.fault())
                .isEqualTo(new Operation.Failure("broken", "no post box", "Mend it."));
        assertThat(log)
                .containsExactly(
                        "run write",
                        "run stamp",
                        "run post",
                        "undo post",
                        "undo stamp",
                        "undo write");
    }

    @Test
    void what_is_not_there_yet_is_waited_for_and_after_the_patience_is_a_failure()
            throws Exception {
        var tries = new AtomicInteger();
        Operation ended =
                carryOut(
                        Workflow.named("letter.send", Letter.class)
                                .step(step("wait", _ -> later(tries.incrementAndGet() < 3))));
        assertThat(ended.state()).isEqualTo(Operation.State.SUCCEEDED);
        assertThat(tries).hasValue(3);
        ended =
                carryOut(
                        Workflow.named("letter.send", Letter.class)
                                .step(step("wait", _ -> later(true))));
        assertThat(ended.state()).isEqualTo(Operation.State.FAILED);
        assertThat(ended.steps().getFirst().attempts()).isBetween(3, 60);
    }

    @Test
    void an_unforeseen_error_is_tried_again_and_then_named() throws Exception {
        var tries = new AtomicInteger();
        Operation ended =
                carryOut(
                        Workflow.named("letter.send", Letter.class)
                                .step(
                                        step(
                                                "slip",
                                                _ -> {
                                                    tries.incrementAndGet();
                                                    throw new IllegalStateException("slipped");
                                                })));
        assertThat(ended.state()).isEqualTo(Operation.State.FAILED);
        assertThat(String.valueOf(ended.fault())).contains("slip", "6 times", "slipped");
        assertThat(tries).hasValue(6);
    }

    @Test
    void the_same_key_gives_the_same_operation_and_another_wish_under_it_is_refused()
            throws Exception {
        Workflow<Letter> workflow = Workflow.named("letter.send", Letter.class).step(step("write"));
        String key = UUID.randomUUID().toString();
        try (Engine engine = new Engine(dataSource(), List.of(workflow), "one")) {
            engine.start();
            Begun first = engine.begin(workflow, request(key, "hello"), new Letter("hello"));
            Begun again = engine.begin(workflow, request(key, "hello"), new Letter("hello"));
            assertThat(first.fresh()).isTrue();
            assertThat(again.fresh()).isFalse();
            assertThat(again.operation().id()).isEqualTo(first.operation().id());
            assertThatThrownBy(() ->
                            engine.begin(workflow, request(key, "other"), new Letter("other")))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("was used for another request");
        }
    }

    /// The process that carries it out is killed in the middle of a step.
    @ParameterizedTest
    @ValueSource(strings = {"the-same-name", "another-name"})
    void a_killed_process_leaves_an_operation_that_is_taken_over(String successor)
            throws Exception {
        String id = UUID.randomUUID().toString();
        Path trace = Files.createTempFile(base, "trace", "");
        Process victim =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                Victim.class.getName(),
                                requireNonNull(postgres).jdbcUrl(),
                                requireNonNull(postgres).password(),
                                id,
                                trace.toString())
                        .inheritIO()
                        .start();
        try {
            await(() -> Files.readString(trace).endsWith("stuck\n"));
        } finally {
            victim.destroyForcibly().waitFor();
        }
        Workflow<Letter> workflow = Victim.workflow(trace, false);
        try (Engine engine = new Engine(dataSource(), List.of(workflow), successor)) {
            engine.start();
            Operation ended = awaitEnd(engine, id);
            assertThat(ended.state()).isEqualTo(Operation.State.SUCCEEDED);
        }
        assertThat(Files.readString(trace)).isEqualTo("first\nstuck\nstuck\nlast\n");
    }

    private Operation carryOut(Workflow<Letter> workflow) throws Exception {
        log.clear();
        try (Engine engine =
                new Engine(dataSource(), List.of(workflow), UUID.randomUUID().toString())) {
            engine.start();
            Request request = request(UUID.randomUUID().toString(), "");
            engine.begin(workflow, request, new Letter("hello"));
            engine.nudge();
            return awaitEnd(engine, request.id());
        }
    }

    private static Operation awaitEnd(Engine engine, String id) throws Exception {
        await(() -> engine.find(id).orElseThrow().state().ended());
        return engine.find(id).orElseThrow();
    }

    private interface Check {
        boolean holds() throws Exception;
    }

    private static void await(Check check) throws Exception {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!check.holds()) {
            assertThat(System.nanoTime()).as("waited " + PATIENCE).isLessThan(until);
            Thread.sleep(20);
        }
    }

    private static void later(boolean wait) {
        if (wait) {
            throw new RetryLater(new Broken("not yet"), Duration.ofMillis(20));
        }
    }

    private static void meet(java.util.concurrent.CyclicBarrier barrier) {
        try {
            barrier.await(10, java.util.concurrent.TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Step<Letter> step(String name) {
        return step(name, _ -> {});
    }

    private Step<Letter> step(String name, Consumer<Letter> work) {
        return new Do(name, log, work);
    }

    static Request request(String key, String fingerprint) {
        return new Request(UUID.randomUUID().toString(), "tenant", key, fingerprint, "letter");
    }

    private static DataSource dataSource() {
        return source(requireNonNull(postgres).jdbcUrl(), requireNonNull(postgres).password());
    }

    static DataSource source(String url, String password) {
        return new DriverDataSource(
                EngineTest.class.getClassLoader(), "", url, EmbeddedPostgres.USER, password);
    }

    private static <T> T requireNonNull(@org.jspecify.annotations.Nullable T value) {
        return java.util.Objects.requireNonNull(value);
    }

    /// A process of its own that gets stuck in the second of three steps.
    static final class Victim {
        private Victim() {}

        public static void main(String[] arguments) throws Exception {
            DataSource database = source(arguments[0], arguments[1]);
            Workflow<Letter> workflow = workflow(Path.of(arguments[3]), true);
            var engine = new Engine(database, List.of(workflow), "the-same-name");
            engine.start();
            engine.begin(
                    workflow,
                    new Request(arguments[2], "tenant", arguments[2], "", "letter"),
                    new Letter("hello"));
            Thread.sleep(60_000);
        }

        static Workflow<Letter> workflow(Path trace, boolean stuck) {
            return Workflow.named("letter.take-over", Letter.class)
                    .step(new Traced("first", trace, false))
                    .step(new Traced("stuck", trace, stuck))
                    .step(new Traced("last", trace, false));
        }
    }

    record Traced(String name, Path trace, boolean stuck) implements Step<Letter> {
        @Override
        public void run(Letter input) {
            try {
                Files.writeString(trace, name + "\n", java.nio.file.StandardOpenOption.APPEND);
                if (stuck) {
                    Thread.sleep(60_000);
                }
            } catch (java.io.IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
