/* SPDX-License-Identifier: MIT */
/* A small reader of JSON: parses its argument into a tree, prints it indented, and counts. Something for
 * compilers to chew on. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BROKEN
#error "asked to be broken"
int broken = "neither a number";
#endif

enum kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

struct value {
    enum kind kind;
    int boolean;
    double number;
    char* text;          /* for a string */
    struct value* items; /* for an array or object */
    char** keys;         /* for an object */
    size_t count;
};

struct reader {
    const char* at;
    const char* problem;
};

static struct value read_value(struct reader* reader);

static void skip_space(struct reader* reader) {
    while (isspace((unsigned char)*reader->at))
        ++reader->at;
}

static int accept_char(struct reader* reader, char wanted) {
    skip_space(reader);
    if (*reader->at != wanted) return 0;
    ++reader->at;
    return 1;
}

static void* must(void* block) {
    if (block == NULL) abort();
    return block;
}

static char* read_string(struct reader* reader) {
    size_t length = 0;
    size_t room = 4;
    char* text = must(malloc(room));
    if (!accept_char(reader, '"')) reader->problem = "a string is missing";
    while (reader->problem == NULL && *reader->at != '"') {
        char next = *reader->at++;
        if (next == '\0') {
            reader->problem = "a string does not end";
            break;
        }
        if (next == '\\') {
            static const char kEscapes[] = "\"\\/bfnrt";
            static const char kMeanings[] = "\"\\/\b\f\n\r\t";
            const char* const escape = *reader->at != '\0' ? strchr(kEscapes, *reader->at) : NULL;
            if (escape == NULL) {
                reader->problem = "an unknown escape";
                break;
            }
            next = kMeanings[escape - kEscapes];
            ++reader->at;
        }
        if (length + 1 == room) text = must(realloc(text, room *= 2));
        text[length++] = next;
    }
    text[length] = '\0';
    if (reader->problem == NULL) ++reader->at;
    return text;
}

static void append(struct value* parent, char* key, struct value child) {
    parent->items = must(realloc(parent->items, (parent->count + 1) * sizeof *parent->items));
    parent->keys = must(realloc(parent->keys, (parent->count + 1) * sizeof *parent->keys));
    parent->items[parent->count] = child;
    parent->keys[parent->count] = key;
    ++parent->count;
}

static struct value read_items(struct reader* reader, enum kind kind, char end) {
    struct value result = {.kind = kind};
    if (accept_char(reader, end)) return result;
    do {
        char* key = NULL;
        if (kind == kObject) {
            key = read_string(reader);
            if (reader->problem == NULL && !accept_char(reader, ':')) reader->problem = "a colon is missing";
        }
        append(&result, key, read_value(reader));
    } while (reader->problem == NULL && accept_char(reader, ','));
    if (reader->problem == NULL && !accept_char(reader, end)) reader->problem = "a bracket is missing";
    return result;
}

static int accept_word(struct reader* reader, const char* word) {
    const size_t length = strlen(word);
    if (strncmp(reader->at, word, length) != 0) return 0;
    reader->at += length;
    return 1;
}

static struct value read_value(struct reader* reader) {
    struct value result = {.kind = kNull};
    if (reader->problem != NULL) return result;
    skip_space(reader);
    if (accept_char(reader, '[')) return read_items(reader, kArray, ']');
    if (accept_char(reader, '{')) return read_items(reader, kObject, '}');
    if (*reader->at == '"') {
        result.kind = kString;
        result.text = read_string(reader);
    } else if (accept_word(reader, "true") || accept_word(reader, "false")) {
        result.kind = kBoolean;
        result.boolean = reader->at[-2] == 'u';
    } else if (!accept_word(reader, "null")) {
        char* end = NULL;
        result.kind = kNumber;
        result.number = strtod(reader->at, &end);
        if (end == reader->at) reader->problem = "a value is missing";
        reader->at = end;
    }
    return result;
}

static size_t print_value(const struct value* value, int depth) {
    size_t values = 1;
    switch (value->kind) {
    case kNull:
        printf("null\n");
        break;
    case kBoolean:
        printf("%s\n", value->boolean ? "true" : "false");
        break;
    case kNumber:
        printf("%g\n", value->number);
        break;
    case kString:
        printf("\"%s\"\n", value->text);
        break;
    case kArray:
    case kObject:
        printf("%zu items\n", value->count);
        for (size_t i = 0; i < value->count; ++i) {
            printf("%*s%s: ", 2 * depth + 2, "", value->keys[i] != NULL ? value->keys[i] : "-");
            values += print_value(&value->items[i], depth + 1);
        }
        break;
    }
    return values;
}

static void free_value(struct value* value) {
    for (size_t i = 0; i < value->count; ++i) {
        free(value->keys[i]);
        free_value(&value->items[i]);
    }
    free(value->items);
    free(value->keys);
    free(value->text);
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    struct reader reader = {arguments[1], NULL};
    struct value value = read_value(&reader);
    skip_space(&reader);
    if (reader.problem == NULL && *reader.at != '\0') reader.problem = "something follows";
    if (reader.problem == NULL) printf("%zu values\n", print_value(&value, 0));
    if (reader.problem != NULL) printf("at \"%.10s\": %s\n", reader.at, reader.problem);
    free_value(&value);
    return reader.problem != NULL;
}
