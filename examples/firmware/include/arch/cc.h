/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What lwIP asks about compiler and processor: GCC, a little-endian ARM. */
#ifndef FIRMWARE_ARCH_CC_H
#define FIRMWARE_ARCH_CC_H

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1

/* startup.c: says it and ends the program. */
void board_panic(const char* what);
#define LWIP_PLATFORM_ASSERT(message) board_panic(message)
#define LWIP_PLATFORM_DIAG(message) /* nobody reads it */

#endif
