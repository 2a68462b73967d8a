/* SPDX-License-Identifier: BSD-3-Clause */
/* What the port uses of Zephyr's kernel, declared from its documentation. */
#ifndef STUB_ZEPHYR_KERNEL_H
#define STUB_ZEPHYR_KERNEL_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_SECONDS(s) ((k_timeout_t){(int64_t)(s)*1000})

uint32_t k_uptime_get_32(void);
int32_t k_sleep(k_timeout_t timeout);
#endif
