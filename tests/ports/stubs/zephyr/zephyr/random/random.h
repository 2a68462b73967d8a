/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_RANDOM_H
#define STUB_ZEPHYR_RANDOM_H
#include <stdint.h>
uint32_t sys_rand32_get(void);
#endif
