/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What differs from one start to the next, from the command line that the host gives: words "key=value". On a
 * device it would be in flash, and the reading would come from a sensor. */
#ifndef FIRMWARE_OPTIONS_H
#define FIRMWARE_OPTIONS_H

#include <lwip/ip4_addr.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct options {
    ip4_addr_t gateway;    /* gateway=A.B.C.D:PORT */
    uint16_t gateway_port; /* default 10.0.2.2:1883: port 1883 of the machine that runs QEMU */
    const char* client_id; /* id=NAME, at most OPTIONS_ID_OCTETS, default "firmware" */
    const char* session;   /* session=FILE, default "session.bin" */
    const char*
        reading;       /* reading=TEXT, at most OPTIONS_READING_OCTETS; default none: nothing is published */
    uint32_t retry_ms; /* retry-ms=N, T_retry, default 1000 */
    uint8_t retry_count; /* retries=N, N_retry, default 3 */
    uint32_t bound_ms;   /* bound-ms=N, after which the device gives up for this time, default 30000 */
    uint16_t sleep_s;    /* sleep-s=N, what the gateway is told, default 600 */
} options;

#define OPTIONS_ID_OCTETS 23U
#define OPTIONS_READING_OCTETS 64U

/* Reads the command line of the host. @return false: it says what is wrong */
bool options_read(options* result);

#endif
