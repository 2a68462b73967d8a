/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_RIOT_RANDOM_H
#define STUB_RIOT_RANDOM_H
#include <stdint.h>
uint32_t random_uint32(void);
#endif
