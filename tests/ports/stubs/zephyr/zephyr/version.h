/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_VERSION_H
#define STUB_ZEPHYR_VERSION_H
#define ZEPHYR_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#ifndef KERNEL_VERSION_NUMBER
#define KERNEL_VERSION_NUMBER ZEPHYR_VERSION(3, 7, 0)
#endif
#endif
