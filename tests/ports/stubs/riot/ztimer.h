/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_RIOT_ZTIMER_H
#define STUB_RIOT_ZTIMER_H
#include <stdint.h>
typedef struct stub_ztimer_clock ztimer_clock_t;
#define ZTIMER_MSEC ((ztimer_clock_t*)0)
#define ZTIMER_SEC ((ztimer_clock_t*)0)
uint32_t ztimer_now(ztimer_clock_t* clock);
void ztimer_sleep(ztimer_clock_t* clock, uint32_t duration);
#endif
