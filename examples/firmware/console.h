/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lines of text for the log, put together without printf and its 10 KiB. One line at a time. */
#ifndef FIRMWARE_CONSOLE_H
#define FIRMWARE_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* To the line; what is too long for it is cut off. */
void console_text(const char* text);
void console_octets(const void* text, size_t octets); /* what is not printable ASCII becomes '.' */
void console_number(int32_t number);
/* The line goes out. */
void console_end(void);
/* A whole line. */
void console_line(const char* text);

#endif
