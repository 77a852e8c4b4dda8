// SPDX-License-Identifier: MIT
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The four tasks of README.md in Java.
 *
 * usage: Tasks TASK SIZE ITERATIONS
 */
final class Tasks {
    private static final int MODULUS = 139968;
    private static final int FOLD = 1000003;
    private static final int VALUES = 10000;
    private static final int LETTERS = 26;
    private static final int LONGEST_WORD = 48;
    private static final String ALPHABET =
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

    private static int state = 42;

    private interface Task {
        int run(int size, int iterations);
    }

    // Returns a number from 0 to limit - 1.
    private static int next(int limit) {
        state = (state * 3877 + 29573) % MODULUS;
        return (int) ((long) state * limit / MODULUS);
    }

    private static int fold(int sum, int value) {
        return (sum * 31 + value) % FOLD;
    }

    private static int fibonacci(int n) {
        return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
    }

    private static int runFibonacci(int size, int iterations) {
        int sum = 0;
        for (int i = 0; i < iterations; ++i) {
            sum = fold(sum, fibonacci(size));
        }
        return sum;
    }

    private static final class Node {
        final int value;
        Node left;
        Node right;

        Node(int value) {
            this.value = value;
        }
    }

    private static Node build(int depth) {
        Node tree = new Node(next(VALUES));
        if (depth > 0) {
            tree.left = build(depth - 1);
            tree.right = build(depth - 1);
        }
        return tree;
    }

    private static int check(Node tree) {
        return tree.left == null ? tree.value : (tree.value + 2 * check(tree.left) + 3 * check(tree.right)) % FOLD;
    }

    private static int runTrees(int size, int iterations) {
        int sum = 0;
        Node lasting = build(size);
        for (int i = 0; i < iterations; ++i) {
            sum = fold(sum, check(build(size)));
        }
        return fold(sum, check(lasting));
    }

    private static int runArrays(int size, int iterations) {
        int sum = 0;
        for (int i = 0; i < iterations; ++i) {
            List<Integer> array = new ArrayList<>();
            for (int left = 1 + next(size); left > 0; --left) {
                array.add(next(VALUES));
            }
            final int addend = i;
            List<Integer> mapped = array.stream().map(value -> value * 3 + addend).collect(Collectors.toList());
            List<Integer> filtered = mapped.stream().filter(value -> value % 2 == 0).collect(Collectors.toList());
            for (int value : filtered) { // the order matters, and Stream.reduce does not promise it
                sum = fold(sum, value);
            }
        }
        return sum;
    }

    private static int runStrings(int size, int iterations) {
        int sum = 0;
        for (int i = 0; i < iterations; ++i) {
            StringBuilder text = new StringBuilder();
            for (int word = 0; word < size; ++word) {
                if (word > 0) {
                    text.append(' ');
                }
                int start = next(LETTERS);
                int length = 1 + next(LONGEST_WORD);
                text.append(ALPHABET, start, start + length);
            }
            for (String word : text.toString().split(" ")) {
                sum = fold(sum, word.length());
                sum = fold(sum, word.charAt(0));
            }
        }
        return sum;
    }

    // Returns the user and system time of all threads, including the compiler's and the collector's. The
    // class library's own clock has steps of 10 ms. It is used if the kernel keeps no finer one.
    private static double cpuMilliseconds() {
        long nanoseconds = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                String times = Files.readString(thread.resolve("schedstat"));
                nanoseconds += Long.parseLong(times.substring(0, times.indexOf(' ')));
            }
            return nanoseconds / 1e6;
        } catch (IOException | RuntimeException ended) {
            return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e6;
        }
    }

    public static void main(String[] arguments) {
        Map<String, Task> tasks = Map.of("fibonacci", Tasks::runFibonacci, "trees", Tasks::runTrees, "arrays",
                                         Tasks::runArrays, "strings", Tasks::runStrings);
        if (arguments.length != 3 || !tasks.containsKey(arguments[0])) {
            System.err.println("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS");
            System.exit(2);
        }
        double start = cpuMilliseconds();
        int sum = tasks.get(arguments[0]).run(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        System.out.printf(Locale.ROOT, "checksum = %d%nCPU time = %.3f ms%n", sum, cpuMilliseconds() - start);
    }
}
