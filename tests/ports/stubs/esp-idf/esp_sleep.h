/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ESP_SLEEP_H
#define STUB_ESP_SLEEP_H
#include <stdint.h>
#define RTC_DATA_ATTR __attribute__((section("rtc_data")))
void esp_deep_sleep(uint64_t time_in_us) __attribute__((noreturn));
#endif
