/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <stddef.h>
#include <string.h>

#include "console.h"
#include "semihosting.h"

static char words[400]; /* the options point into it */

/* A decimal number of 1..max at *text, which is moved behind it. */
static bool read_number(const char** text, uint32_t max, uint32_t* result) {
    uint32_t number = 0;
    const char* at = *text;
    for (; *at >= '0' && *at <= '9'; ++at) {
        number = number * 10U + (uint32_t)(*at - '0');
        if (number > max) {
            return false;
        }
    }
    if (at == *text || number == 0) {
        return false;
    }
    *text = at;
    *result = number;
    return true;
}

static bool read_all(const char* text, uint32_t max, uint32_t* result) {
    return read_number(&text, max, result) && *text == '\0';
}

static bool read_gateway(char* text, options* result) {
    char* const colon = strchr(text, ':');
    uint32_t port = 0;
    if (colon == NULL || !read_all(colon + 1, 65535, &port)) {
        return false;
    }
    *colon = '\0';
    result->gateway_port = (uint16_t)port;
    return ip4addr_aton(text, &result->gateway) == 1;
}

/* @return the value when `word` starts with `key`, which ends in '=' */
static char* value_of(char* word, const char* key) {
    const size_t octets = strlen(key);
    return strncmp(word, key, octets) == 0 ? word + octets : NULL;
}

static bool read_word(char* word, options* result) {
    char* value;
    uint32_t number = 0;
    if ((value = value_of(word, "gateway=")) != NULL) {
        return read_gateway(value, result);
    }
    if ((value = value_of(word, "id=")) != NULL) {
        result->client_id = value;
        return *value != '\0' && strlen(value) <= OPTIONS_ID_OCTETS;
    }
    if ((value = value_of(word, "session=")) != NULL) {
        result->session = value;
        return *value != '\0';
    }
    if ((value = value_of(word, "reading=")) != NULL) {
        result->reading = value;
        return *value != '\0' && strlen(value) <= OPTIONS_READING_OCTETS;
    }
    if ((value = value_of(word, "retry-ms=")) != NULL) {
        return read_all(value, 600000, &result->retry_ms);
    }
    if ((value = value_of(word, "bound-ms=")) != NULL) {
        return read_all(value, 3600000, &result->bound_ms);
    }
    if ((value = value_of(word, "retries=")) != NULL && read_all(value, 254, &number)) {
        result->retry_count = (uint8_t)number;
        return true;
    }
    if ((value = value_of(word, "sleep-s=")) != NULL && read_all(value, 65535, &number)) {
        result->sleep_s = (uint16_t)number;
        return true;
    }
    return false;
}

bool options_read(options* result) {
    memset(result, 0, sizeof *result);
    IP4_ADDR(&result->gateway, 10, 0, 2, 2);
    result->gateway_port = 1883;
    result->client_id = "firmware";
    result->session = "session.bin";
    result->retry_ms = 1000;
    result->retry_count = 3;
    result->bound_ms = 30000;
    result->sleep_s = 600;
    if (!semihosting_command_line(words, sizeof words)) {
        console_line("the command line is too long");
        return false;
    }
    /* The first word is the program's name, as for main(). */
    char* at = words + strcspn(words, " ");
    while (*(at += strspn(at, " ")) != '\0') {
        char* const word = at;
        at += strcspn(at, " ");
        if (*at != '\0') {
            *at++ = '\0';
        }
        if (!read_word(word, result)) {
            console_text("not an option, or a bad value: ");
            console_line(word);
            return false;
        }
    }
    return true;
}
