// SPDX-License-Identifier: MIT
// The four tasks of README.md in C.
//
// usage: tasks TASK SIZE ITERATIONS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kModulus = 139968, kFold = 1000003, kValues = 10000, kLetters = 26, kLongestWord = 48 };

static const char kAlphabet[] =
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

static long state = 42;

// Returns a number from 0 to limit - 1.
static long next(long limit) {
    state = (state * 3877 + 29573) % kModulus;
    return state * limit / kModulus;
}

static long fold(long sum, long value) {
    return (sum * 31 + value) % kFold;
}

static void* checked(void* block) {
    if (block == NULL) {
        fputs("tasks: out of memory\n", stderr);
        exit(1);
    }
    return block;
}

static long fibonacci(long n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static long run_fibonacci(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        sum = fold(sum, fibonacci(size));
    }
    return sum;
}

struct node {
    long value;
    struct node* left;
    struct node* right;
};

static struct node* build(long depth) {
    struct node* tree = checked(malloc(sizeof *tree));
    tree->value = next(kValues);
    tree->left = depth > 0 ? build(depth - 1) : NULL;
    tree->right = depth > 0 ? build(depth - 1) : NULL;
    return tree;
}

static long check(const struct node* tree) {
    if (tree->left == NULL) {
        return tree->value;
    }
    return (tree->value + 2 * check(tree->left) + 3 * check(tree->right)) % kFold;
}

static void release(struct node* tree) {
    if (tree != NULL) {
        release(tree->left);
        release(tree->right);
        free(tree);
    }
}

static long run_trees(long size, long iterations) {
    long sum = 0;
    struct node* lasting = build(size);
    for (long i = 0; i < iterations; ++i) {
        struct node* tree = build(size);
        sum = fold(sum, check(tree));
        release(tree);
    }
    sum = fold(sum, check(lasting));
    release(lasting);
    return sum;
}

struct array {
    long* values;
    size_t length;
    size_t capacity;
};

static void append(struct array* array, long value) {
    if (array->length == array->capacity) {
        array->capacity = array->capacity == 0 ? 4 : 2 * array->capacity;
        array->values = checked(realloc(array->values, array->capacity * sizeof *array->values));
    }
    array->values[array->length++] = value;
}

static struct array map(const struct array* from, long addend) {
    struct array result = {checked(malloc(from->length * sizeof(long))), from->length, from->length};
    for (size_t i = 0; i < from->length; ++i) {
        result.values[i] = from->values[i] * 3 + addend;
    }
    return result;
}

static struct array filter(const struct array* from) {
    struct array result = {NULL, 0, 0};
    for (size_t i = 0; i < from->length; ++i) {
        if (from->values[i] % 2 == 0) {
            append(&result, from->values[i]);
        }
    }
    return result;
}

static long reduce(const struct array* array, long sum) {
    for (size_t i = 0; i < array->length; ++i) {
        sum = fold(sum, array->values[i]);
    }
    return sum;
}

static long run_arrays(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        struct array array = {NULL, 0, 0};
        for (long left = 1 + next(size); left > 0; --left) {
            append(&array, next(kValues));
        }
        struct array mapped = map(&array, i);
        struct array filtered = filter(&mapped);
        sum = reduce(&filtered, sum);
        free(array.values);
        free(mapped.values);
        free(filtered.values);
    }
    return sum;
}

struct text {
    char* letters;
    size_t length;
    size_t capacity;
};

static void append_letters(struct text* text, const char* letters, size_t length) {
    if (text->capacity - text->length < length) {
        text->capacity = 2 * text->capacity + length;
        text->letters = checked(realloc(text->letters, text->capacity));
    }
    memcpy(text->letters + text->length, letters, length);
    text->length += length;
}

struct words {
    char** list;
    size_t length;
    size_t capacity;
};

static void append_word(struct words* words, const char* letters, size_t length) {
    if (words->length == words->capacity) {
        words->capacity = words->capacity == 0 ? 4 : 2 * words->capacity;
        words->list = checked(realloc(words->list, words->capacity * sizeof *words->list));
    }
    words->list[words->length++] = checked(strndup(letters, length));
}

static struct words split(const struct text* text) {
    struct words words = {NULL, 0, 0};
    const char* const end = text->letters + text->length;
    const char* start = text->letters;
    for (;;) {
        const char* space = memchr(start, ' ', (size_t)(end - start));
        append_word(&words, start, (size_t)((space == NULL ? end : space) - start));
        if (space == NULL) {
            return words;
        }
        start = space + 1;
    }
}

static long run_strings(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        struct text text = {NULL, 0, 0};
        for (long word = 0; word < size; ++word) {
            if (word > 0) {
                append_letters(&text, " ", 1);
            }
            long start = next(kLetters);
            append_letters(&text, kAlphabet + start, (size_t)(1 + next(kLongestWord)));
        }
        struct words words = split(&text);
        for (size_t word = 0; word < words.length; ++word) {
            sum = fold(sum, (long)strlen(words.list[word]));
            sum = fold(sum, (unsigned char)words.list[word][0]);
            free(words.list[word]);
        }
        free(words.list);
        free(text.letters);
    }
    return sum;
}

static double cpu_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static const struct {
    const char* name;
    long (*run)(long size, long iterations);
} kTasks[] = {
    {"fibonacci", run_fibonacci}, {"trees", run_trees}, {"arrays", run_arrays}, {"strings", run_strings}};

int main(int argc, char** argv) {
    for (size_t i = 0; argc == 4 && i < sizeof kTasks / sizeof kTasks[0]; ++i) {
        if (strcmp(argv[1], kTasks[i].name) == 0) {
            double start = cpu_milliseconds();
            long sum = kTasks[i].run(atol(argv[2]), atol(argv[3]));
            printf("checksum = %ld\nCPU time = %.3f ms\n", sum, cpu_milliseconds() - start);
            return 0;
        }
    }
    fputs("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n", stderr);
    return 2;
}
