/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in for a board on this host, when a port's example runs here: where the gateway is, and the
 * memory that outlives a start. */
#ifndef TESTS_PORTS_HOST_H
#define TESTS_PORTS_HOST_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads "-h HOST -p PORT [-r FILE]"; ends the program with 2 when there is something else. */
void host_begin(int argc, char** argv);
const char* stub_host(void);
const char* stub_port(void);

/* FILE is what is left of the memory when the device is off. @return octets read, 0 when there is none */
size_t host_retained_read(void* memory, size_t octets);
/* Ends the program with 1 when the file cannot be written. */
void host_retained_write(const void* memory, size_t octets);

uint32_t host_now(void);
uint32_t host_random(void);
/* A long sleep that keeps the memory: a line on standard input ends it, its end ends the program with 0. */
void host_sleep(void);

#ifdef __cplusplus
}
#endif
#endif
