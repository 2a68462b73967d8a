/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Semihosting for Cortex-M: the host (QEMU, or a debugger) is the firmware's console, command line and flash.
 * Only what this example needs. A call stops the processor until the host has answered; without a host it is
 * a fault. "Semihosting for AArch32 and AArch64", Arm's release 2.0. */
#ifndef FIRMWARE_SEMIHOSTING_H
#define FIRMWARE_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To the host's console; NUL-terminated. */
void semihosting_write(const char* text);
/* The command line, NUL-terminated. @return false: there is none, or it is longer */
bool semihosting_command_line(char* text, size_t capacity);
/* @return octets read, or -1: there is no such file, or it is longer than `capacity` */
int32_t semihosting_read_file(const char* name, void* content, size_t capacity);
/* @return false: it cannot be written, or not all of it */
bool semihosting_write_file(const char* name, const void* content, size_t octets);
/* Puts a file in the place of another, at once. */
bool semihosting_rename(const char* from, const char* to);
/* Seconds since 1970 of the host's clock. */
uint32_t semihosting_time(void);
/* Hundredths of a second since the program started. */
uint32_t semihosting_clock(void);
/* Ends the program, and QEMU with it. */
void semihosting_exit(int code) __attribute__((noreturn));

#endif
