/* SPDX-License-Identifier: BSD-3-Clause */
#include "console.h"

#include <string.h>

#include "semihosting.h"

#define LINE_OCTETS 200U

static char line[LINE_OCTETS + 2U]; /* line feed and NUL */
static size_t used;

static void put(char character) {
    if (used < LINE_OCTETS) {
        line[used++] = character;
    }
}

void console_text(const char* text) {
    console_octets(text, strlen(text));
}

void console_octets(const void* text, size_t octets) {
    for (size_t i = 0; i < octets; ++i) {
        const char character = ((const char*)text)[i];
        put(character >= ' ' && character <= '~' ? character : '.');
    }
}

void console_number(int32_t number) {
    char digits[10];
    size_t count = 0;
    uint32_t rest = number < 0 ? 0U - (uint32_t)number : (uint32_t)number;
    do {
        digits[count++] = (char)('0' + rest % 10U);
        rest /= 10U;
    } while (rest > 0);
    if (number < 0) {
        put('-');
    }
    while (count > 0) {
        put(digits[--count]);
    }
}

void console_end(void) {
    line[used++] = '\n';
    line[used] = '\0';
    semihosting_write(line);
    used = 0;
}

void console_line(const char* text) {
    console_text(text);
    console_end();
}
