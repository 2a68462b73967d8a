/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_REBOOT_H
#define STUB_ZEPHYR_REBOOT_H
#define SYS_REBOOT_WARM 0
void sys_reboot(int type) __attribute__((noreturn));
#endif
