/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ESP_RANDOM_H
#define STUB_ESP_RANDOM_H
#include <stdint.h>
uint32_t esp_random(void);
#endif
