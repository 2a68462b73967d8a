/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_PRINTK_H
#define STUB_ZEPHYR_PRINTK_H
void printk(const char* format, ...) __attribute__((format(printf, 1, 2)));
#endif
