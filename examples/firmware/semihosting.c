/* SPDX-License-Identifier: BSD-3-Clause */
#include "semihosting.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_FLEN = 0x0C,
    SYS_RENAME = 0x0F,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};

enum open_mode { OPEN_READ = 1, OPEN_WRITE = 5 }; /* as fopen's "rb" and "wb" */

#define ADP_STOPPED_APPLICATION_EXIT 0x20026U

/* A 32-bit machine: pointers and lengths travel in words. */
static uint32_t word_of(const void* pointer) {
    return (uint32_t)(uintptr_t)pointer;
}

static int32_t host(enum operation operation, uint32_t argument) {
    register uint32_t r0 __asm__("r0") = (uint32_t)operation;
    register uint32_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static int32_t open_file(const char* name, enum open_mode mode) {
    const uint32_t block[3] = {word_of(name), mode, (uint32_t)strlen(name)};
    return host(SYS_OPEN, word_of(block));
}

static bool close_file(int32_t handle) {
    const uint32_t block[1] = {(uint32_t)handle};
    return host(SYS_CLOSE, word_of(block)) == 0;
}

void semihosting_write(const char* text) {
    (void)host(SYS_WRITE0, word_of(text));
}

bool semihosting_command_line(char* text, size_t capacity) {
    const uint32_t block[2] = {word_of(text), (uint32_t)capacity};
    return host(SYS_GET_CMDLINE, word_of(block)) == 0;
}

int32_t semihosting_read_file(const char* name, void* content, size_t capacity) {
    const int32_t handle = open_file(name, OPEN_READ);
    if (handle < 0) {
        return -1;
    }
    const uint32_t flen_block[1] = {(uint32_t)handle};
    int32_t octets = host(SYS_FLEN, word_of(flen_block));
    if (octets > (int32_t)capacity) {
        octets = -1;
    }
    const uint32_t read_block[3] = {(uint32_t)handle, word_of(content), (uint32_t)octets};
    if (octets > 0 && host(SYS_READ, word_of(read_block)) != 0) { /* it returns what is missing */
        octets = -1;
    }
    (void)close_file(handle);
    return octets;
}

bool semihosting_write_file(const char* name, const void* content, size_t octets) {
    const int32_t handle = open_file(name, OPEN_WRITE);
    if (handle < 0) {
        return false;
    }
    const uint32_t block[3] = {(uint32_t)handle, word_of(content), (uint32_t)octets};
    const bool written = host(SYS_WRITE, word_of(block)) == 0;
    return close_file(handle) && written;
}

bool semihosting_rename(const char* from, const char* to) {
    const uint32_t block[4] = {word_of(from), (uint32_t)strlen(from), word_of(to), (uint32_t)strlen(to)};
    return host(SYS_RENAME, word_of(block)) == 0;
}

uint32_t semihosting_time(void) {
    return (uint32_t)host(SYS_TIME, 0);
}

uint32_t semihosting_clock(void) {
    return (uint32_t)host(SYS_CLOCK, 0);
}

void semihosting_exit(int code) {
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uint32_t)code};
    for (;;) {
        (void)host(SYS_EXIT_EXTENDED, word_of(block));
    }
}
