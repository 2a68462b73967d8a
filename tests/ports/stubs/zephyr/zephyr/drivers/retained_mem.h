/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_RETAINED_MEM_H
#define STUB_ZEPHYR_RETAINED_MEM_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zephyr/device.h>

int retained_mem_read(const struct device* dev, off_t offset, uint8_t* buffer, size_t size);
int retained_mem_write(const struct device* dev, off_t offset, const uint8_t* buffer, size_t size);
#endif
